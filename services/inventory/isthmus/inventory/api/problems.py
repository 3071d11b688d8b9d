"""What the caller is told when something cannot be done (RFC 9457)."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.handlers.assets.curation import Outdated, Unknown
from isthmus.runtime.http import problem


def serve_problems(http: FastAPI) -> None:
    """Answer what the handlers raise; once more is as good as once."""
    http.add_exception_handler(Unknown, _unknown)
    http.add_exception_handler(Outdated, _outdated)
    http.add_exception_handler(Invalid, _invalid)


async def _unknown(_: Request, error: Exception) -> JSONResponse:
    return problem(404, str(error))


async def _outdated(_: Request, error: Exception) -> JSONResponse:
    return problem(412, str(error))


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Invalid)
    return problem(422, str(error), [{"field": error.field, "reason": error.reason}])
