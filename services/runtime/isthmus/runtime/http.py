"""The HTTP application that every service serves: its failures are problems (RFC 9457)."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from isthmus.runtime import VERSION
from isthmus.runtime.errors import Retryable


def api(service: str, description: str) -> FastAPI:
    """An application without routes; what it cannot do now is 503, what is not valid 422."""
    title = f"Isthmus {service}"
    http = FastAPI(title=title, version=VERSION, description=description, redoc_url=None)
    http.add_exception_handler(RequestValidationError, _invalid)
    http.add_exception_handler(Retryable, _unavailable)
    return http


def problem(status: int, detail: str, **more: Any) -> JSONResponse:
    """Problem details; `more` are extension members."""
    body = {"type": "about:blank", "status": status, "detail": detail, **more}
    return JSONResponse(body, status, media_type="application/problem+json")


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    fields = [
        {"field": ".".join(str(part) for part in item["loc"][1:]), "reason": item["msg"]}
        for item in error.errors()
    ]
    return problem(422, "the request is not valid", fields=fields)


async def _unavailable(_: Request, error: Exception) -> JSONResponse:
    return problem(503, str(error))
