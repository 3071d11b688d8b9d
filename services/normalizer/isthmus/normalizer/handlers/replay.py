"""A period of the log through another catalogue: what it would change, before it is merged."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.domain.report import Key, Report
from isthmus.normalizer.handlers.observations import REQUIRED, is_picture, observation, source_name
from isthmus.runtime.codec import decode
from isthmus.runtime.consume import Raw
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1.observation_pb2 import Observation

COMPARED = ("vendor", "family", "model", "class")


@dataclass
class Replay:
    """Compares what two catalogues make of the same observations; the last one of a source counts.

    Holds what differs, and the names of all sources.
    """

    before: Normalizer
    after: Normalizer
    observations: int = 0
    rejected: int = 0
    sources: set[str] = field(default_factory=set)
    changes: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def take(self, records: Sequence[Raw]) -> None:
        """Records of the log, each partition in order."""
        for record in records:
            self.observations += 1
            try:
                message = decode(record, Observation, required=REQUIRED).message
                if message is None or not is_picture(message):
                    continue
                seen = observation(message)
            except Rejected:
                self.rejected += 1
                continue
            before = {report.device: report for report in self.before.reports(seen)}
            for report in self.after.reports(seen):
                name = source_name(message, report.device)
                self._compare(name, before.pop(report.device, None), report)
            for device, report in before.items():
                self._compare(source_name(message, device), report, None)

    def lines(self) -> Iterator[str]:
        """What would change, source by source, and a summary."""
        counts: Counter[str] = Counter()
        for source in sorted(self.changes):
            yield source
            for change in self.changes[source]:
                counts[change.split(maxsplit=1)[0]] += 1
                yield f"  {change}"
        what = ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "nothing"
        yield (
            f"{len(self.changes)} of {len(self.sources)} sources would change ({what}); "
            f"{self.observations} observations, {self.rejected} of them rejected"
        )

    def _compare(self, source: str, before: Report | None, after: Report | None) -> None:
        answered = [each for each in (before, after) if each and each.identity.attributes]
        if not answered:
            return  # silence says nothing of who it is
        self.sources.add(source)
        changes = tuple(differences(before, after))
        if changes:
            self.changes[source] = changes
        else:
            self.changes.pop(source, None)


def differences(before: Report | None, after: Report | None) -> Iterator[str]:
    """What is another one in the second report."""
    if before is None or after is None:
        yield "part appears" if after else "part disappears"
        return
    for name in COMPARED:
        was, will = before.identity.value(name), after.identity.value(name)
        if was != will:
            yield f"{name} {was!r} -> {will!r}"
    old, new = set(before.identity.keys), set(after.identity.keys)
    yield from (f"key - {_shown(key)}" for key in sorted(old - new))
    yield from (f"key + {_shown(key)}" for key in sorted(new - old))


def _shown(key: Key) -> str:
    return f"{key.tier.name.lower()} {key.scope}|{key.kind}|{key.value}"
