"""Small documents of people, as YAML or JSON."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.adapters.documents import document
from isthmus.inventory.domain.rows import Invalid

BOMB = b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize("kind", ["application/yaml", "application/x-yaml", "text/yaml"])
def test_yaml_is_told_by_its_media_type(kind: str) -> None:
    """The registered one (RFC 9512) and the two before it."""
    assert document(b"system: sap\n", kind) == {"system": "sap"}


@pytest.mark.parametrize("kind", ["application/json", ""])
def test_anything_else_is_json(kind: str) -> None:
    """JSON that is no JSON is named with its place."""
    assert document(b'{"system": "sap"}', kind) == {"system": "sap"}
    with pytest.raises(Invalid, match="no JSON: Expecting value: line 1 column 1"):
        document(b"system: sap", kind)


def test_an_alias_is_refused() -> None:
    """A few lines of them would stand for more than there is memory."""
    with pytest.raises(Invalid, match="no YAML: an alias, expected the value itself"):
        document(BOMB, "application/yaml")


def test_half_a_surrogate_pair_is_no_text() -> None:
    """Neither the store nor an answer could hold it."""
    with pytest.raises(Invalid, match="no JSON"):
        document(b'{"\\ud800": 1}', "application/json")


@given(st.binary(max_size=60), st.sampled_from(["application/json", "application/yaml"]))
def test_any_bytes_are_a_document_or_one_clear_error(body: bytes, kind: str) -> None:
    """Deep nesting and days that no month has among them."""
    for each in (body, b"[" * 5000 + body, b"2024-13-45"):
        with suppress(Invalid):
            document(each, kind)
