"""The touch ledger's records."""

import uuid
from dataclasses import dataclass, field

import pytest

from isthmus.collector.domain.requests import Request
from isthmus.collector.domain.schedule import Identity
from isthmus.collector.domain.touches import PollState, Tally
from isthmus.collector.handlers.observations import Origin
from isthmus.collector.handlers.touches import CHANGED_RECORDS_MAX, STATES, Account, TouchLedger
from isthmus.runtime.codec import Outgoing
from isthmus.telemetry.v1 import touches_pb2 as pb

T0 = 1_767_355_200.0


def origin(target: str = "plc") -> Origin:
    """What a target says of itself."""
    return Origin(Identity("s", target), "e/s", "modbus", "p", "10.0.0.1:502", 1, "me")


@dataclass
class Book:
    """A ledger whose clock is set by hand."""

    now: float = T0
    records: list[Outgoing] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = TouchLedger(self.records.append, lambda: self.now, interval_s=60)

    def open(self, target: str = "plc") -> Account:
        return self.ledger.open(origin(target), Tally())

    def pass_s(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now += 1
            self.ledger.tick()

    @property
    def written(self) -> list[pb.Touches]:
        return [pb.Touches.FromString(record.value or b"") for record in self.records]


@pytest.fixture
def book() -> Book:
    """A ledger."""
    return Book()


def touch(account: Account, times: int = 1, at: float = 0) -> None:
    """Send something."""
    for _ in range(times):
        account.tally.began(Request.MODBUS_READ_COILS, at)
        account.tally.ended(at + 0.1)
        at += 0.3


def test_a_record_says_what_was_sent(book: Book) -> None:
    """Columns of kinds and counts, the interval, rate, gap and state; keyed by the target."""
    account = book.open()
    touch(account, 3)
    account.tally.began(Request.MODBUS_CONNECT, 5)
    book.pass_s(60)
    [record] = book.records
    [written] = book.written
    assert (record.topic, record.key) == ("collector.touches.v1", b"s/plc")
    assert uuid.UUID(written.id).version == 5
    assert dict(zip(written.kind, written.count, strict=True)) == {
        "modbus.read_coils": 3,
        "modbus.connect": 1,
    }
    assert written.address == "10.0.0.1:502"
    assert written.collector == "me"
    assert written.requests_in_a_second_most == 3
    assert written.gap_s_least == pytest.approx(0.2)
    assert written.state == pb.POLL_STATE_POLLING
    assert written.from_at.ToSeconds() == T0
    assert T0 < written.until_at.ToSeconds() <= T0 + 60


def test_there_is_one_record_an_interval_and_none_of_nothing(book: Book) -> None:
    """However often something is sent; a silent hour is no record."""
    account = book.open()
    for _ in range(600):
        touch(account)
        book.pass_s(1)
    assert 10 <= len(book.records) <= 11
    book.pass_s(60)
    written = len(book.records)
    book.pass_s(3600)
    assert len(book.records) == written
    assert sum(sum(each.count) for each in book.written) == 600


def test_records_are_spread_over_the_interval(book: Book) -> None:
    """Ten thousand accounts that open together do not write together."""
    for number in range(600):
        touch(book.open(f"t{number}"))
    seconds = []
    for _ in range(60):
        before = len(book.records)
        book.pass_s(1)
        seconds.append(len(book.records) - before)
    assert sum(seconds) == 600
    assert max(seconds) <= 30


def test_a_change_of_state_is_written_within_a_tick(book: Book) -> None:
    """With what was sent until then, and why."""
    account = book.open()
    touch(account)
    account.state, account.reason = PollState.PAUSED, "site: maintenance"
    book.ledger.changed(account)
    book.ledger.changed(account)
    book.pass_s(1)
    [written] = book.written
    assert (written.state, written.reason) == (pb.POLL_STATE_PAUSED, "site: maintenance")
    assert list(written.count) == [1]


def test_a_state_that_was_never_news_is_not_written(book: Book) -> None:
    """A start waits for its first heartbeat; a spell that is over within a tick is none."""
    account, other = book.open(), book.open("other")
    account.state = PollState.FENCED
    book.ledger.changed(account)
    other.state = PollState.PAUSED
    book.ledger.changed(other)
    other.state = PollState.POLLING
    book.pass_s(1)
    assert not book.records
    touch(account)
    book.ledger.changed(account)
    book.pass_s(1)
    assert [each.state for each in book.written] == [pb.POLL_STATE_FENCED]


def test_a_whole_site_that_changes_is_written_bit_by_bit(book: Book) -> None:
    """A pause must not crowd out what was read; nothing is left out in the end."""
    for number in range(2 * CHANGED_RECORDS_MAX + 1):
        account = book.open(f"t{number}")
        account.state = PollState.PAUSED
        book.ledger.changed(account)
    book.pass_s(1)
    assert len(book.records) == CHANGED_RECORDS_MAX
    book.pass_s(2)
    assert len(book.records) == 2 * CHANGED_RECORDS_MAX + 1


def test_a_closed_account_writes_what_it_holds_and_nothing_after(book: Book) -> None:
    """Once, also when its state has just changed."""
    account = book.open()
    touch(account)
    account.state = PollState.STOPPED
    book.ledger.changed(account)
    book.ledger.close(account)
    book.pass_s(120)
    [written] = book.written
    assert written.state == pb.POLL_STATE_STOPPED
    assert list(written.count) == [1]


def test_the_same_interval_has_the_same_id(book: Book) -> None:
    """Of target, collector and beginning: what is published twice is one record."""
    account, twin, other = book.open(), book.open(), book.open("other")
    for each in (account, twin, other):
        book.ledger.close(each)
    first, second, third = (each.id for each in book.written)
    assert first == second != third


def test_every_state_has_its_word_in_the_message() -> None:
    """A new state is a new word, never an unspecified one."""
    assert set(STATES) == set(PollState)
    assert pb.POLL_STATE_UNSPECIFIED not in STATES.values()
    assert len(set(STATES.values())) == len(PollState)


def test_a_clock_that_is_set_back_silences_no_account(book: Book) -> None:
    """An interval never ends before it begins, and the next record comes within two."""
    account = book.open()
    touch(account, 2)
    book.pass_s(60)
    book.now -= 86_400
    touch(account, 3, at=100)
    book.pass_s(120)
    assert [sum(record.count) for record in book.written] == [2, 3]
    assert book.written[-1].from_at.ToSeconds() <= book.written[-1].until_at.ToSeconds()
    assert book.written[-1].until_at.ToSeconds() <= T0 + 60 - 86_400 + 120
