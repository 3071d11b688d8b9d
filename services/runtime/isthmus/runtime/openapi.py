"""The OpenAPI document of an API, as what it really answers: problems, and nothing unsaid."""

import re
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from isthmus.runtime.http import PROBLEM, Problem, problem

Document = dict[str, Any]
Change = Callable[[str, str, Document], None]
"""Adds to an operation, by its path and method."""
SCHEMA = {"$ref": "#/components/schemas/Problem"}
FRAMEWORKS = ("HTTPValidationError", "ValidationError")
"""What FastAPI documents for a bad request; we answer a problem."""


def documented(http: FastAPI, *changes: Change) -> None:
    """Let the document of `http` say what its routes answer; comes after the last of them."""
    http.add_exception_handler(405, _not_allowed)
    plain = http.openapi

    def openapi() -> Document:
        if http.openapi_schema is None:
            document = plain()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = Problem.model_json_schema()
            for path, method, operation in operations(document):
                for change in (*changes, _named, _no_null, _problems):
                    change(path, method, operation)
            for name in FRAMEWORKS:
                schemas.pop(name, None)
        return http.openapi_schema or {}

    http.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's manual extends it


def routes(http: FastAPI) -> list[RouteContext]:
    """Every route that has an operation, also of routers that were included."""
    found = iter_route_contexts(http.routes)
    return [each for each in found if isinstance(each.original_route, APIRoute)]


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Path, method and description of each operation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def answers(operation: Document, status: int, description: str = "") -> None:
    """Say that an operation may answer a problem of this status."""
    said = operation["responses"].get(str(status), {}).get("description", "")
    operation["responses"][str(status)] = {
        "description": description or said or HTTPStatus(status).phrase,
        "content": {PROBLEM: {"schema": SCHEMA}},
    }


def _named(path: str, method: str, operation: Document) -> None:
    """`get_contracts_id`: the name of a method in generated clients, whatever our function is."""
    words = re.findall(r"[a-z0-9]+", path.removeprefix("/v1").lower())
    operation["operationId"] = "_".join([method, *words])


def _no_null(path: str, method: str, operation: Document) -> None:
    """A parameter that is not given is absent: there is no way to write null in a URL or header."""
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        some = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
        if len(some) == 1:
            del schema["anyOf"]
            parameter["schema"] = {**some[0], **schema}


async def _not_allowed(request: Request, error: Exception) -> JSONResponse:
    """405 with all methods of the path (RFC 9110, 15.5.6), which several routes may serve."""
    found = [each for each in routes(request.app) if each.path_regex.match(request.url.path)]
    # `/v1/zones/bulk` could be the zone of that name too: the path that says more is meant.
    path = min((each.path or "" for each in found), key=lambda path: path.count("{"), default="")
    allow = ", ".join(sorted({m for e in found if e.path == path for m in e.methods or ()}))
    what = f"{request.method} {request.url.path[:200]}"
    return problem(405, f"{what}: expected {allow}", headers={"Allow": allow})


def _problems(path: str, method: str, operation: Document) -> None:
    """Each failure is a problem, whatever media type the framework writes beside it."""
    if "requestBody" in operation:
        answers(operation, 413)
        answers(operation, 415)
    for status in operation["responses"]:
        if status >= "400":
            answers(operation, int(status))
