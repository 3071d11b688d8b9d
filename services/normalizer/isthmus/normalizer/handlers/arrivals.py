"""What arrives from each site: how reads ended, how new they are, and reads made twice."""

from collections import Counter
from collections.abc import Iterable

from isthmus.normalizer.handlers.observations import is_picture
from isthmus.normalizer.ports import MeasureArrivals
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.consume import Batch, Handler
from isthmus.telemetry.v1.observation_pb2 import Observation, Outcome

REMEMBERED_READS = 65_536  # two reads of one slot arrive within seconds of each other
PREFIX = "OUTCOME_"


class Arrivals:
    """Measures observations before a handler takes them."""

    def __init__(self, measure: MeasureArrivals, *, remembered: int = REMEMBERED_READS) -> None:
        self._measure = measure
        self._remembered = remembered
        # Who made each read, by its id: those of now, and as many before them.
        self._readers: dict[str, str] = {}
        self._earlier: dict[str, str] = {}

    def before(self, handler: Handler[Observation]) -> Handler[Observation]:
        """`handler`, with what it takes measured."""

        async def handle(batch: Batch[Observation]) -> Iterable[Outgoing]:
            self.took([r.message for r in batch.records if r.message is not None])
            return await handler(batch)

        return handle

    def took(self, messages: Iterable[Observation]) -> None:
        """Measure observations; a replay is counted again, but is no second read."""
        counts: Counter[tuple[str, int]] = Counter()
        newest: dict[str, float] = {}
        for message in messages:
            site, at = message.site, message.observed_at
            newest[site] = max(newest.get(site, 0.0), at.seconds + at.nanos / 1e9)
            if is_picture(message):
                counts[site, message.outcome] += 1
                self._look(message)
        for (site, outcome), count in counts.items():
            self._measure.arrived(site, _word(outcome), count)
        for site, at_s in newest.items():
            self._measure.heard(site, at_s)

    def _look(self, message: Observation) -> None:
        """Only what was sent counts: two may say of one slot that nobody was to ask."""
        if not message.duration_s:
            return
        id, reader = message.id, message.collector
        before = self._readers.get(id) or self._earlier.get(id)
        if before is None:
            self._remember(id, reader)
        elif before != reader:
            self._measure.polled_twice(message.site)

    def _remember(self, id: str, reader: str) -> None:
        if len(self._readers) >= self._remembered:
            self._readers, self._earlier = {}, self._readers
        self._readers[id] = reader


def _word(outcome: int) -> str:
    name = Outcome.DESCRIPTOR.values_by_number.get(outcome)
    return name.name.removeprefix(PREFIX).lower() if name else "unspecified"
