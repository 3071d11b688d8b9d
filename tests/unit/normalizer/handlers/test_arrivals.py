"""What arrives from sites: outcomes, the newest time, reads made twice."""

from collections.abc import Iterable
from typing import Any

from isthmus.normalizer.handlers.arrivals import Arrivals
from isthmus.runtime.codec import Outgoing, Record
from isthmus.runtime.consume import Batch
from isthmus.telemetry.v1.observation_pb2 import Observation


class Counts:
    """Keeps what was measured."""

    def __init__(self) -> None:
        self.reads: dict[tuple[str, str], int] = {}
        self.newest: dict[str, float] = {}
        self.twice: list[str] = []

    def arrived(self, site: str, outcome: str, count: int) -> None:
        self.reads[site, outcome] = self.reads.get((site, outcome), 0) + count

    def heard(self, site: str, at_s: float) -> None:
        self.newest[site] = at_s

    def polled_twice(self, site: str) -> None:
        self.twice.append(site)


def read(id: str, by: str = "a", **fields: Any) -> Observation:
    given: dict[str, Any] = {
        "site": "hagen", "outcome": "OUTCOME_OK", "duration_s": 0.1,
        "observed_at": {"seconds": 1000}, **fields,
    }  # fmt: skip
    return Observation(id=id, collector=by, **given)


def test_reads_are_counted_by_site_and_outcome() -> None:
    """The newest time of a site is that of its newest observation, in whatever order they come."""
    counts = Counts()

    Arrivals(counts).took(
        [
            read("1", observed_at={"seconds": 2000, "nanos": 500_000_000}),
            read("2", outcome="OUTCOME_TIMEOUT"),
            read("3", site="lyon"),
        ]
    )

    assert counts.reads == {("hagen", "ok"): 1, ("hagen", "timeout"): 1, ("lyon", "ok"): 1}
    assert counts.newest == {"hagen": 2000.5, "lyon": 1000.0}


def test_what_a_device_says_by_itself_is_no_read_but_a_sign_of_life() -> None:
    """A trap has no slot."""
    counts = Counts()

    Arrivals(counts).took([read("1", trigger="TRIGGER_NOTIFICATION")])

    assert counts.reads == {}
    assert counts.newest == {"hagen": 1000.0}


def test_two_collectors_that_read_one_slot_are_found() -> None:
    """The id of an observation is its target and slot, whoever reads it."""
    counts = Counts()
    arrivals = Arrivals(counts)

    arrivals.took([read("1", by="a")])
    arrivals.took([read("1", by="b"), read("2", by="b")])

    assert counts.twice == ["hagen"]


def test_a_replay_is_no_second_read() -> None:
    """The same record comes again after a restart."""
    counts = Counts()

    Arrivals(counts).took([read("1"), read("1")])

    assert counts.twice == []


def test_a_slot_in_which_nothing_was_sent_is_nobodys_read() -> None:
    """Two collectors may both say that nobody was to ask, or that the device rests."""
    counts = Counts()

    Arrivals(counts).took([read("1", by="a", duration_s=0), read("1", by="b", duration_s=0)])

    assert counts.twice == []


def test_what_is_remembered_is_bounded() -> None:
    """Twice the limit at most; the latest are among them."""
    counts = Counts()
    arrivals = Arrivals(counts, remembered=2)

    arrivals.took([read(str(n)) for n in range(5)])
    arrivals.took([read("3", by="b"), read("0", by="b")])

    assert counts.twice == ["hagen"]


async def test_the_handler_takes_the_batch_as_it_came() -> None:
    """Also its tombstones, which are for the handler to refuse."""
    taken: list[Batch[Observation]] = []

    async def handler(batch: Batch[Observation]) -> Iterable[Outgoing]:
        taken.append(batch)
        return [Outgoing("t", None, None, [])]

    batch = Batch([Record(read("1"), "k", "t", 0, 0, None), Record(None, "k", "t", 0, 1, None)])
    counts = Counts()

    made = await Arrivals(counts).before(handler)(batch)

    assert taken == [batch]
    assert [each.topic for each in made] == ["t"]
    assert counts.reads == {("hagen", "ok"): 1}
