"""Plans: which requests cover a map, and what a refusal teaches."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.collector.adapters.modbus.blocks import Block
from isthmus.collector.adapters.modbus.plan import Layout, Learned, Plan, halves, layout
from isthmus.collector.adapters.modbus.registers import Profile, Range, Register
from isthmus.collector.adapters.modbus.wire import Refused


def words(addresses: Any, **fields: Any) -> list[Register]:
    """Registers of one word each."""
    given = {"table": "holding", "type": "uint16"} | fields
    return [Register(name=f"r{a}", address=a, **given) for a in addresses]


def profile(registers: list[Register], **fields: Any) -> Profile:
    """A profile."""
    return Profile(protocol="modbus", registers=registers, **fields)


@given(
    st.lists(st.integers(0, 3000), min_size=1, max_size=60, unique=True),
    st.integers(0, 64),
    st.integers(1, 125),
    st.none() | st.integers(1, 125),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 5)), max_size=6),
)
def test_a_plan_covers_every_register_within_every_limit(
    addresses: list[int],
    gap_max: int,
    registers_max: int,
    items_max: int | None,
    ranges: list[tuple[int, int]],
) -> None:
    """No request is too large, crosses too wide a gap, or touches a forbidden address."""
    forbidden = [Range(table="holding", first=a, last=a + n) for a, n in ranges]
    allowed = [a for a in addresses if not any(f.first <= a <= f.last for f in forbidden)]
    found = profile(
        words(allowed), gap_max=gap_max, registers_max=registers_max, forbidden=forbidden
    )
    blocks = layout(found, items_max).all
    assert sorted(r.address for b in blocks for r in b.registers) == sorted(allowed)
    for block in blocks:
        last = block.address + block.count - 1
        assert block.count <= min(registers_max, items_max or registers_max)
        inside = sorted(r.address for r in block.registers)
        assert all(b - a <= gap_max + 1 for a, b in pairwise(inside))
        assert not any(f.touches("holding", block.address, last) for f in forbidden)


def test_tables_are_asked_apart() -> None:
    """The same address of another table is another place."""
    both = [*words([0]), *[r.model_copy(update={"name": "i"}) for r in words([1], table="input")]]
    assert [(b.table, b.address) for b in layout(profile(both), None).all] == [
        ("holding", 0),
        ("input", 1),
    ]


def test_two_thousand_bits_are_one_request() -> None:
    """Unless somebody limits them."""
    coils = words(range(2001), table="coil", type="bool")
    assert [b.count for b in layout(profile(coils), None).all] == [2000, 1]
    assert [b.count for b in layout(profile(coils[:500]), 200).all] == [200, 200, 100]


def test_devices_of_one_type_share_what_is_compiled() -> None:
    """Ten thousand targets have one map."""
    found = profile(words(range(5)))
    assert Plan(found, None).layout is Plan(found, None).layout
    assert Plan(found, 2).layout is not Plan(found, None).layout


def test_slow_and_fixed_registers_have_requests_of_their_own() -> None:
    """What is fixed once, what is slow with the rest, what is fast alone."""
    slow, serial = (
        words([1], slow=True),
        Register(name="s", table="holding", address=2, type="string", length=2),
    )
    made = layout(profile([*words([0]), *slow, serial]), None)
    assert [[b.count for b in part] for part in (made.identity, made.all, made.fast)] == [
        [2], [2], [1],
    ]  # fmt: skip


def test_a_block_is_cut_at_its_widest_gap_and_else_in_the_middle() -> None:
    """A hole is the likeliest reason; a missing register is found fastest by halves."""
    assert [r.address for r in halves(words([0, 1, 2, 9, 10]))[1]] == [9, 10]
    assert [r.address for r in halves(words(range(8)))[1]] == [4, 5, 6, 7]


@given(st.data())
def test_every_missing_register_is_found_and_every_other_one_is_read(data: st.DataObject) -> None:
    """Whatever the map and whatever is missing: a bounded number of reads finds all of it."""
    addresses = data.draw(st.lists(st.integers(0, 60), min_size=1, max_size=20, unique=True))
    missing = data.draw(st.sets(st.sampled_from(addresses), max_size=4))
    holes = data.draw(st.sets(st.integers(0, 60), max_size=4)) - set(addresses)
    plan = Plan(profile(words(addresses), gap_max=data.draw(st.integers(0, 8))), None)
    read: set[int] = set()
    for _ in range(80):
        read, may = set(), True
        for block in plan.layout.all:
            if _answers(block, missing | holes):
                read |= {r.address for r in block.registers}
                plan.answered(block)
            else:
                may = not plan.refuse(block, Refused(2, "no"), split=may) and may
    assert read == set(addresses) - missing
    assert set(plan.refused) == {f"r{a}" for a in missing}


def _answers(block: Block, missing: set[int]) -> bool:
    return not any(block.address <= m < block.address + block.count for m in missing)


def test_what_is_missing_is_not_crossed_either() -> None:
    """A request that touches it would be refused."""
    found = profile(words([0, 1, 2]), gap_max=8)
    learned = Learned(missing=frozenset({"r1"}))
    assert [b.address for b in Layout(found, None, learned).all] == [0, 2]


@pytest.mark.parametrize(("code", "left"), [(1, 0), (2, 2), (3, 2)])
def test_an_illegal_function_is_final_and_an_illegal_address_is_halved(
    code: int, left: int
) -> None:
    """An illegal value is a quantity that the device does not take: halved too."""
    plan = Plan(profile(words(range(4))), None)
    assert len(plan.refuse(plan.layout.all[0], Refused(code, "no"), split=True)) == left
    assert len(plan.layout.all) == left
