"""What the APIs say of themselves: speaking names, problems, keys, conditions."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.drift import WITH_API, wired

from isthmus.runtime.http import PROBLEM
from isthmus.runtime.openapi import operations

Document = dict[str, Any]


@pytest.fixture(scope="module")
def documents() -> dict[str, Document]:
    """The OpenAPI document of each service that has an API."""
    return {service: wired(service).http.openapi() for service in WITH_API}


def described(documents: dict[str, Document]) -> Iterator[tuple[str, str, Document]]:
    """Service, place and description of each operation."""
    for service, document in documents.items():
        for path, method, operation in operations(document):
            yield service, f"{method.upper()} {path}", operation


def test_no_schema_is_named_after_our_modules(documents: dict[str, Document]) -> None:
    """Two classes of one name would be `isthmus__inventory__…`, in every generated client too."""
    names = [name for d in documents.values() for name in d["components"]["schemas"]]

    assert [name for name in names if "__" in name] == []


def test_every_failure_is_a_problem(documents: dict[str, Document]) -> None:
    """RFC 9457, and nothing that the framework would answer by itself."""
    wrong = [
        (place, status)
        for _, place, operation in described(documents)
        for status, answer in operation["responses"].items()
        if status >= "400" and list(answer["content"]) != [PROBLEM]
    ]

    assert wrong == []
    for document in documents.values():
        assert "HTTPValidationError" not in document["components"]["schemas"]


def test_nothing_that_is_in_a_url_can_be_null(documents: dict[str, Document]) -> None:
    """A parameter is there or it is not; generated clients would otherwise send the word."""
    said = [
        (place, parameter["name"])
        for _, place, operation in described(documents)
        for parameter in operation.get("parameters", ())
        if {"type": "null"} in parameter["schema"].get("anyOf", ())
    ]

    assert said == []


def test_every_operation_says_what_it_does(documents: dict[str, Document]) -> None:
    """A summary, and each parameter a description."""
    silent = [
        (place, parameter["name"])
        for _, place, operation in described(documents)
        for parameter in operation.get("parameters", ())
        if not parameter.get("description")
    ]

    assert silent == []
    assert all(operation["summary"] for _, _, operation in described(documents))


def test_what_makes_or_does_something_takes_a_key(documents: dict[str, Document]) -> None:
    """So that a program whose connection broke may ask again."""
    without = [
        place
        for service, place, operation in described(documents)
        if service == "inventory" and place.startswith("POST")
        if "Idempotency-Key" not in _headers(operation) or "409" not in operation["responses"]
    ]

    assert without == []


def test_what_is_edited_is_edited_on_condition(documents: dict[str, Document]) -> None:
    """One answer for all: `If-Match` may be there, and is 412 when something else stands there."""
    without = [
        place
        for service, place, operation in described(documents)
        if service == "inventory" and place.startswith(("PUT", "PATCH")) and place.endswith("}")
        if "If-Match" not in _headers(operation) or "412" not in operation["responses"]
    ]

    assert without == []
    assert not any("428" in o["responses"] for _, _, o in described(documents))


@pytest.mark.parametrize("word", ["updated_by", "requested_by", "by", "actor"])
def test_nobody_signs_for_another(documents: dict[str, Document], word: str) -> None:
    """Who writes is who the door let in; no body says it."""
    bodies = {
        schema["$ref"].rpartition("/")[2]
        for service, _, operation in described(documents)
        if service == "inventory"
        for content in operation.get("requestBody", {}).get("content", {}).values()
        if "$ref" in (schema := content.get("schema", {}))
    }
    schemas = documents["inventory"]["components"]["schemas"]

    assert [name for name in bodies if word in schemas[name].get("properties", {})] == []


def _headers(operation: Document) -> list[str]:
    return [p["name"] for p in operation.get("parameters", ()) if p["in"] == "header"]
