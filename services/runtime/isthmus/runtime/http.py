"""The HTTP application that every service serves: its failures are problems (RFC 9457)."""

from collections.abc import Mapping, Sequence

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from isthmus.runtime import VERSION
from isthmus.runtime.errors import Retryable

PROBLEM = "application/problem+json"


def api(service: str, description: str) -> FastAPI:
    """An application without routes; what it cannot do now is 503, what is not valid 422."""
    return FastAPIOffline(
        title=f"Isthmus {service}",
        version=VERSION,
        description=description,
        redoc_url=None,
        exception_handlers={
            RequestValidationError: _invalid,
            HTTPException: _refused,
            Retryable: _failed,
            Exception: _failed,
        },
    )


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


def problem(
    status: int,
    detail: str,
    fields: Sequence[dict[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The answer that says what went wrong."""
    return JSONResponse(
        Problem(status=status, detail=detail, fields=list(fields)).model_dump(),
        status,
        headers,
        PROBLEM,
    )


async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    """422, or 415 when a body was not read because of its media type (RFC 9110, 15.5.16)."""
    if error.body and isinstance(error.body, bytes):
        kind = request.headers.get("content-type", "")[:80]
        return problem(415, f"content-type: {kind!r}, expected application/json")
    fields = [{"field": _field(item["loc"]), "reason": item["msg"]} for item in error.errors()]
    return problem(422, "the request is not valid", fields)


def _field(at: Sequence[str | int]) -> str:
    """Where a mistake is; of a body that is no JSON, only a character has a place."""
    return str(at[0]) if len(at) < 2 or isinstance(at[1], int) else ".".join(map(str, at[1:]))


async def _refused(request: Request, error: HTTPException) -> JSONResponse:
    """What the framework refuses: 404 of what has no route, a body that is no text (its 400)."""
    if error.status_code == 400:
        reason = "expected JSON in UTF-8"
        return problem(422, f"body: {reason}", [{"field": "body", "reason": reason}])
    return problem(
        error.status_code,
        f"{request.method} {request.url.path[:200]}: {error.detail}",
        headers=error.headers,
    )


async def _failed(_: Request, error: Exception) -> JSONResponse:
    return problem(*(503, str(error)) if isinstance(error, Retryable) else (500, "a fault of ours"))
