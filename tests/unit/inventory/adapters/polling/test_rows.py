"""Targets and zones as people send many of them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.adapters.polling.rows import CSV, rows_in
from isthmus.inventory.domain.polling.targets import target
from isthmus.inventory.domain.rows import Invalid

YAML = """\
targets:
  - {target: plc-1, path: x/hagen, interval_s: 2, profile: m340,
     endpoint: {protocol: modbus, host: 127.0.0.1, units: [1, 2]}}
"""
TABLE = """\
target;path;interval_s;profile;endpoint.protocol;endpoint.host;endpoint.units;envelope.gap_s
7;x/hagen;2;m340;modbus;127.0.0.1;[1, 2];0.5

8;x/hagen;2;m340;modbus;127.0.0.2;;
"""


def test_a_table_and_a_list_say_the_same() -> None:
    """Headings with dots lead inside; an empty cell says nothing; lines count as shown."""
    first, second = rows_in(TABLE.encode(), CSV, "targets")
    [listed] = rows_in(YAML.encode(), "application/yaml", "targets")

    made = target(first.content, "hagen")
    assert (first.number, second.number) == (2, 4)
    assert made.target == "7"
    assert made.envelope == {"gap_s": 0.5}
    assert made.endpoint == target(listed.content, "hagen").endpoint
    assert dict(target(second.content, "hagen").envelope) == {}


def test_a_list_in_json_is_taken_as_it_is() -> None:
    """A row that is none keeps its place, for who judges it."""
    rows = rows_in(b'[{"a": 1}, 7, null]', "application/json", "targets")

    assert [(each.number, each.content) for each in rows] == [(1, {"a": 1}), (2, 7), (3, None)]


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        (b"{}", "application/json", "'dict', expected a list, or one under targets"),
        (b"zones: []", "application/yaml", "expected a list, or one under targets"),
        (b"[", "application/json", "no JSON"),
        (b"\xff", CSV, "no UTF-8"),
        (b"a,a\n1,2", CSV, "'a', expected headings, each once"),
        (b"a,\n1,2", CSV, "'', expected headings, each once"),
        (b'a,b\n"1"2,3', CSV, "no CSV: line 2"),
    ],
)
def test_a_body_that_holds_no_rows_is_refused(body: bytes, kind: str, reason: str) -> None:
    """In one line."""
    with pytest.raises(Invalid, match=re.escape(reason)):
        rows_in(body, kind, "targets")


@pytest.mark.parametrize("line", ["1,2,3", "x,y"])
def test_a_line_that_cannot_be_a_row_is_refused_alone(line: str) -> None:
    """The others are rows all the same."""
    rows = rows_in(f"a,a.b\n{line}\n,7".encode(), CSV, "targets")

    with pytest.raises(Invalid, match="expected a mapping"):
        target(rows[0].content)
    assert rows[1].content == {"a": {"b": 7}}


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_whatever_is_sent_is_rows_or_a_mistake(body: bytes) -> None:
    """Nothing else comes of it."""
    for kind in (CSV, "application/json", "application/yaml"):
        try:
            rows = rows_in(body, kind, "targets")
        except Invalid:
            continue
        assert all(each.number > 0 for each in rows)
