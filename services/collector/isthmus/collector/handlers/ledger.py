"""The touch ledger as a table for the plant: what was sent to each device, by kind of request."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from isthmus.runtime.codec import decode, from_timestamp
from isthmus.runtime.consume import Raw
from isthmus.telemetry.v1.touches_pb2 import PollState, Touches

TOPIC = "collector.touches.v1"
COLUMNS = (
    "site",
    "target",
    "address",
    "protocol",
    "collector",
    "from",
    "until",
    "kind",
    "count",
    "requests_in_a_second_most",
    "gap_s_least",
    "state",
    "reason",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would calculate


@dataclass
class Extract:
    """The rows of one site, or of one target, within a span of time; a repeated record once."""

    site: str
    target: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    _last: dict[str, str] = field(default_factory=dict)

    def rows(self, record: Raw) -> Iterator[Sequence[str]]:
        """The rows of one record of the topic; raises Rejected when it is no Touches."""
        touches = decode(record, Touches, required=("id", "site", "target")).message
        if touches is None or not self._wanted(touches):
            return
        place = f"{touches.target} {touches.collector}"
        if self._last.get(place) == touches.id:
            return  # published twice: after a failed acknowledgement the same record comes again
        self._last[place] = touches.id
        kinds = zip(touches.kind, touches.count, strict=True)
        yield from (_row(touches, kind, str(count)) for kind, count in kinds)
        if not touches.kind:
            yield _row(touches, "", "0")

    def _wanted(self, touches: Touches) -> bool:
        begins, ends = from_timestamp(touches.from_at), from_timestamp(touches.until_at)
        return (
            touches.site == self.site
            and (self.target is None or touches.target == self.target)
            and (self.since is None or ends > self.since)
            and (self.until is None or begins < self.until)
        )


def _row(touches: Touches, kind: str, count: str) -> Sequence[str]:
    state = PollState.Name(touches.state).removeprefix("POLL_STATE_").lower()
    return tuple(
        _cell(text)
        for text in (
            touches.site,
            touches.target,
            touches.address,
            touches.protocol,
            touches.collector,
            from_timestamp(touches.from_at).isoformat(),
            from_timestamp(touches.until_at).isoformat(),
            kind,
            count,
            str(touches.requests_in_a_second_most),
            f"{touches.gap_s_least:.3f}",
            state,
            touches.reason,
        )
    )


def _cell(text: str) -> str:
    """`text`, and never a formula: a spreadsheet takes an apostrophe as `this is text`."""
    return f"'{text}" if text.startswith(FORMULA) else text
