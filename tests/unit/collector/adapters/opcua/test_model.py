"""Values of an OPC UA server as facts and points."""

from typing import Any

import pytest
from asyncua import ua
from pydantic import ValidationError

from isthmus.collector.adapters.opcua.model import Item, Value, place
from isthmus.collector.adapters.opcua.session import node


def placed(raw: Any, **fields: Any) -> tuple[dict[str, str], dict[str, Any]]:
    """Where one value goes."""
    facts: dict[str, str] = {}
    points: dict[str, Any] = {}
    place(Item(node(1), "a", **fields), raw, facts, points)
    return facts, points


@pytest.mark.parametrize(
    ("raw", "fields", "facts", "points"),
    [
        ("S1 ", {}, {"a": "S1"}, {}),
        (ua.LocalizedText("ABB", "en"), {}, {"a": "ABB"}, {}),
        (ua.LocalizedText(None), {}, {}, {}),
        ("", {}, {}, {}),
        (None, {}, {}, {}),
        (21.5, {"unit": "Cel"}, {}, {"a": (21.5, "Cel")}),
        (True, {}, {}, {"a": (1.0, "1")}),
        (4, {"enum": {4: "run"}}, {"a": "run"}, {}),
        (7, {"enum": {4: "run"}}, {"a": "7"}, {}),
        (2021, {"number": False}, {"a": "2021"}, {}),
        (["urn:a", "urn:b"], {}, {"a": "urn:a"}, {}),
        ([], {}, {}, {}),
    ],
)
def test_a_value_goes_where_its_kind_belongs(
    raw: Any, fields: dict[str, Any], facts: dict[str, str], points: dict[str, Any]
) -> None:
    """Texts and states are facts, numbers are points, nothing is nothing."""
    assert placed(raw, **fields) == (facts, points)


@pytest.mark.parametrize("path", ["Tags/CpuLoad", "own:", "own:Tags/", "/own:Tags"])
def test_a_path_without_namespaces_is_refused(path: str) -> None:
    """A browse name means nothing without its namespace."""
    with pytest.raises(ValidationError):
        Value(name="a", path=path)
