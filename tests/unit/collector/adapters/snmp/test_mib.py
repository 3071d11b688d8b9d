"""The table of MIB objects."""

import re
from collections.abc import Iterator

import pytest

from isthmus.collector.adapters.snmp.mib import GROUPS, Group


def numbers(group: Group) -> Iterator[str]:
    """Every object identifier of a group, but for the change counters."""
    yield from group.identity.values()
    yield from group.values.values()
    for table in group.tables:
        yield from {*table.identity.values(), *table.values.values()}


@pytest.mark.parametrize("name", sorted(GROUPS))
def test_a_group_is_well_formed(name: str) -> None:
    """Dotted numbers without a leading dot; no object twice."""
    found = list(numbers(GROUPS[name]))
    assert all(re.fullmatch(r"1(\.\d+){7,}", number) for number in found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("name", sorted(GROUPS))
def test_the_walked_column_is_one_of_the_table(name: str) -> None:
    """What tells the rows is said as well: no request is for nothing."""
    for table in GROUPS[name].tables:
        assert table.walked in {*table.identity.values(), *table.values.values()}


def test_one_name_is_one_object() -> None:
    """Groups may share an object, never a name for two."""
    names: dict[str, str] = {}
    for group in GROUPS.values():
        for objects in (group.identity, group.values, *(t.identity for t in group.tables)):
            for name, oid in objects.items():
                assert names.setdefault(name, oid) == oid


def test_groups_are_sorted() -> None:
    """A new one has one place to go."""
    assert list(GROUPS) == sorted(GROUPS)
