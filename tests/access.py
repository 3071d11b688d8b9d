"""For tests of routes: let one identity in, without a door, a provider or a store."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from isthmus.runtime.access import Grant, Identity, Kind, Refused, identified
from isthmus.runtime.http import problem


def sign_in(http: FastAPI, *roles: str, name: str = "mara") -> None:
    """Whoever asks has these roles, `<role>@<scope>`; `admin@*` may everything."""
    grants = frozenset(Grant.parsed(role) for role in roles)
    known = Identity(f"token:{name}", name, Kind.TOKEN, grants)
    http.dependency_overrides[identified] = lambda: known
    http.add_exception_handler(Refused, _refused)


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refused)
    return problem(error.status, str(error))
