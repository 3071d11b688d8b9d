"""Mistakes in a YAML document have a line."""

import pytest
from pydantic import BaseModel, ConfigDict, Field

from isthmus.alerting.adapters.notices.documents import Document, Mistakes


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=2)
    ports: list[int] = []


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    inner: dict[str, Inner]


def mistakes(text: str) -> tuple[str, ...]:
    with pytest.raises(Mistakes) as error:
        Document("x.yaml", text).check(Outer)
    return error.value.lines


def test_a_document_without_mistakes_is_what_it_says() -> None:
    """In the model's own types."""
    assert Document("x.yaml", "inner: {a: {name: bb}}").check(Outer).inner["a"].name == "bb"


def test_each_mistake_has_its_line_its_field_and_its_reason() -> None:
    """In the order of the file."""
    text = "inner:\n  a:\n    nam: bb\n  b:\n    name: b\n    ports: [1,\n      x]\n"

    assert mistakes(text) == (
        "x.yaml:3: inner.a.nam: unknown field",
        "x.yaml:3: inner.a.name: missing",
        "x.yaml:5: inner.b.name: 'b', String should have at least 2 characters",
        "x.yaml:7: inner.b.ports.1: 'x', expected a valid integer, unable to parse string as an "
        "integer",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("inner: {a: [}", "x.yaml:1: "),
        ("a: 2026-13-45", "x.yaml:1: "),
        ("inner: {}\ninner: {}", "x.yaml:2: inner: stands here twice"),
        ("", "x.yaml:1: "),
        ("[]", "x.yaml:1: "),
    ],
)
def test_what_is_no_such_document_is_one_line(text: str, said: str) -> None:
    """Also a key that stands twice, of which YAML would take the last."""
    (line,) = mistakes(text)

    assert line.startswith(said)
    assert "\n" not in line
