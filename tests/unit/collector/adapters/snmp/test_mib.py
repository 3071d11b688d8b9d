"""The table of MIB objects."""

import re

import pytest

from isthmus.collector.adapters.snmp.mib import GROUPS


@pytest.mark.parametrize("name", sorted(GROUPS))
def test_a_group_is_well_formed(name: str) -> None:
    """Dotted numbers without a leading dot; no object both in the identity and the values."""
    identity, values = GROUPS[name].identity, GROUPS[name].values
    numbers = [*identity.instances.values(), *identity.columns.values()]
    numbers += [*values.instances.values(), *values.columns.values()]
    assert all(re.fullmatch(r"1(\.\d+){7,}", number) for number in numbers)
    assert len(numbers) == len(set(numbers))


def test_groups_are_sorted() -> None:
    """A new one has one place to go."""
    assert list(GROUPS) == sorted(GROUPS)
