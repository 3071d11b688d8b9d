"""The HTTP application that every service serves: its failures are problems (RFC 9457)."""

from collections.abc import Sequence

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel, Field

from isthmus.runtime import VERSION
from isthmus.runtime.errors import Retryable


def api(service: str, description: str) -> FastAPI:
    """An application without routes; what it cannot do now is 503, what is not valid 422."""
    title = f"Isthmus {service}"
    http = FastAPIOffline(title=title, version=VERSION, description=description, redoc_url=None)
    http.add_exception_handler(RequestValidationError, _invalid)
    http.add_exception_handler(Retryable, _unavailable)
    return http


class Problem(BaseModel):
    """What went wrong (RFC 9457); `fields` is an extension member."""

    type: str = Field(default="about:blank", examples=["about:blank"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["the request is not valid"])
    fields: list[dict[str, str]] = Field(
        default=[],
        description="Fields at fault, each with its reason.",
        examples=[[{"field": "interval_s", "reason": "0, expected seconds above 0"}]],
    )


def problem(status: int, detail: str, fields: Sequence[dict[str, str]] = ()) -> JSONResponse:
    """The answer that says what went wrong."""
    body = Problem(status=status, detail=detail, fields=list(fields)).model_dump()
    return JSONResponse(body, status, media_type="application/problem+json")


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    fields = [
        {"field": ".".join(str(part) for part in item["loc"][1:]), "reason": item["msg"]}
        for item in error.errors()
    ]
    return problem(422, "the request is not valid", fields)


async def _unavailable(_: Request, error: Exception) -> JSONResponse:
    return problem(503, str(error))
