"""Mistakes in YAML documents: line, field, value, expectation."""

from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from isthmus.collector.adapters.documents import Document, Mistakes, shown


class Part(BaseModel):
    """A part of a thing."""

    model_config = ConfigDict(extra="forbid")

    name: str
    table: Literal["coil", "holding"] = "coil"
    words: dict[int, str] = Field(default={})


class Thing(BaseModel):
    """A thing with parts."""

    model_config = ConfigDict(extra="forbid")

    parts: list[Part] = Field(default=[])
    size: int = Field(default=1, ge=1)
    inner: Part | None = None


def mistakes(text: str) -> list[str]:
    with pytest.raises(Mistakes) as caught:
        Document("thing.yaml", text).check(Thing)
    return list(caught.value.lines)


def test_a_good_document_is_the_model() -> None:
    """Nothing else is said about it."""
    thing = Document("thing.yaml", "parts:\n  - {name: a}\n").check(Thing)
    assert thing == Thing(parts=[Part(name="a")])


def test_every_mistake_is_said_at_once_in_the_order_of_the_file() -> None:
    """Who writes a profile mends it in one go."""
    assert mistakes("size: 0\nparts:\n  - name: a\n    table: coin\n  - {tabel: coil}\n") == [
        "thing.yaml:1: size: 0, expected greater than or equal to 1",
        "thing.yaml:4: parts.0.table: 'coin', expected 'coil' or 'holding'; did you mean 'coil'?",
        "thing.yaml:5: parts.1.name: missing",
        "thing.yaml:5: parts.1.tabel: unknown field; did you mean 'table'?",
    ]


def test_an_unknown_field_without_a_neighbour_lists_what_is_known() -> None:
    """At that place, not anywhere."""
    assert mistakes("inner: {name: a, zzz: 1}") == [
        "thing.yaml:1: inner.zzz: unknown field; known here are name, table, words"
    ]


def test_a_key_that_stands_twice_is_a_mistake() -> None:
    """YAML would let the last one win, silently."""
    assert mistakes("size: 1\nparts:\n  - name: a\n    name: b\nsize: 2\n") == [
        "thing.yaml:4: name: stands here twice",
        "thing.yaml:5: size: stands here twice",
    ]


def test_a_word_that_yaml_takes_for_true_is_explained() -> None:
    """YAML 1.1 reads `off` as false."""
    (line,) = mistakes("parts:\n  - name: a\n    words: {0: off}\n")
    assert line.startswith("thing.yaml:3: parts.0.words.0: False, expected a valid string; YAML")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("parts: [", "thing.yaml:1: no YAML: "),
        ("size: 1\n\tparts: []", "thing.yaml:2: no YAML: "),
        ("a: !!python/object:os.system {}", "thing.yaml:1: no YAML: could not determine"),
        ("a: \x07", "thing.yaml:1: no YAML: "),
        ("a: 2024-13-45", "thing.yaml:1: no YAML: month must be in 1..12"),
        ("a: 0x_", "thing.yaml:1: no YAML: invalid literal"),
        ("a: 1\n---\nb: 2", "thing.yaml:2: no YAML: but found another document"),
    ],
)
def test_what_is_no_yaml_says_where(text: str, reason: str) -> None:
    """One line, and nothing of it is executed."""
    with pytest.raises(Mistakes) as caught:
        Document("thing.yaml", text)
    assert str(caught.value).startswith(reason)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "- a", "text", "12"])
def test_a_document_of_another_shape_is_one_mistake(text: str) -> None:
    """An empty file too."""
    assert len(mistakes(text)) == 1


def test_the_first_mistake_stands_for_all_where_there_is_room_for_one() -> None:
    """With the number of the others."""
    with pytest.raises(Mistakes, match=r"size: 0, .* \(and 1 more\)"):
        Document("thing.yaml", "size: 0\nx: 1\n").check(Thing)


def test_a_document_that_contains_itself_ends() -> None:
    """An alias may lead back to its anchor."""
    assert mistakes("parts: &a [*a]") == ["thing.yaml:1: parts.0: [[...]], expected a mapping"]


def test_a_long_value_is_cut() -> None:
    """A sentence stays one line on a screen."""
    (line,) = mistakes(f"size: {'x' * 500}")
    assert len(line) < 200


def test_a_password_in_an_address_is_not_repeated() -> None:
    """The sentence goes to a log, or to someone's screen."""
    assert shown("opc.tcp://op:hunter2@plc:4840") == "'opc.tcp://…@plc:4840'"


@pytest.mark.parametrize("key", ["'['", "'2024-13-45'"])
def test_a_key_that_is_no_yaml_by_itself_hides_no_mistake_behind_it(key: str) -> None:
    """Keys are compared as numbers too."""
    lines = mistakes(f"{key}: 1\nsize: 0\n")
    assert lines[-1] == "thing.yaml:2: size: 0, expected greater than or equal to 1"
