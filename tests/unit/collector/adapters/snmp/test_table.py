"""What is remembered of one table, and when it must be walked."""

from isthmus.collector.adapters.snmp.table import IDENTITY_S, Rows, Table, merged

TABLE = Table("1.2.1", {"descr": "1.2.1", "kind": "1.2.2"}, {"status": "1.2.3"}, changed=("1.9.0",))
SLOW = Table("1.2.1", {"descr": "1.2.1"}, slow=True)


def known(table: Table, marks: tuple[int | None, ...] = (7,)) -> Rows:
    """A table of two rows that was read at time 0."""
    rows = Rows(table)
    rows.learn({"1": b"one", "2": b"two"}, {"kind.1": 6}, 0.0)
    rows.marks = marks
    return rows


def test_an_unknown_table_is_due() -> None:
    """Whatever the slot, unless it is slow: then at a slow slot."""
    assert Rows(TABLE).due((7,), False, 0.0)
    assert not Rows(SLOW).due((), False, 0.0)
    assert Rows(SLOW).due((), True, 0.0)


def test_a_change_counter_decides() -> None:
    """The same value: not even at a slow slot; another one: at once."""
    assert not known(TABLE).due((7,), True, 1.0)
    assert known(TABLE).due((8,), False, 1.0)


def test_without_a_counter_a_slow_slot_decides() -> None:
    """The agent has none: rows are looked for now and then."""
    assert not known(TABLE, (None,)).due((None,), False, 1.0)
    assert known(TABLE, (None,)).due((None,), True, 1.0)


def test_a_day_is_the_longest_memory() -> None:
    """Texts may change without any row that comes or goes."""
    assert known(TABLE).due((7,), False, IDENTITY_S + 1.0)
    assert not known(TABLE).same({"1": b"one", "2": b"two"}, IDENTITY_S + 1.0)


def test_trouble_is_tried_again_at_a_slow_slot() -> None:
    """A table that makes an agent stumble is not asked for at each slot."""
    rows = known(TABLE)
    rows.trouble = "no answer"
    assert not rows.due((8,), False, 1.0)
    assert rows.due((7,), True, 1.0)


def test_the_same_rows_need_no_further_request() -> None:
    """What the walk brought is what is known; another text or row is not."""
    assert known(TABLE).same({"1": b"one", "2": b"two"}, 1.0)
    assert not known(TABLE).same({"1": b"one", "2": b"new"}, 1.0)
    assert not known(TABLE).same({"1": b"one"}, 1.0)
    assert not known(SLOW).same({"1": b"one", "2": b"two"}, 1.0)


def test_what_is_known_is_named_by_column_and_index() -> None:
    """Octets as text; the values by their instances, row by row."""
    rows = known(TABLE)
    assert rows.facts == {"descr.1": "one", "descr.2": "two", "kind.1": 6}
    assert rows.values == {"1.2.3.1": "status.1", "1.2.3.2": "status.2"}
    assert list(rows.rest(["1", "2"])) == ["1.2.2.1", "1.2.2.2"]


def test_a_table_of_two_groups_is_one() -> None:
    """HOST-RESOURCES-MIB and Printer-MIB share the devices."""
    assert merged([TABLE, TABLE]) == [TABLE]
