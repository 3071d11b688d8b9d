"""What the tests of the handlers have in common: one observation, and who counts."""

from collections import Counter
from typing import Any

from tests.unit.normalizer.catalogue import small

from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.handlers.reports import TOPIC, Handler
from isthmus.runtime.codec import Outgoing, Record
from isthmus.runtime.consume import Batch
from isthmus.telemetry.v1.observation_pb2 import Observation
from isthmus.telemetry.v1.report_pb2 import Report
from isthmus.telemetry.v1.unrecognised_pb2 import Unrecognised

ID = "9d7c1c54-8a51-5a3c-9a5e-1f6a1c1f0b11"
TRACE = b"00-9d7c1c548a515a3c9a5e1f6a1c1f0b11-9a5e1f6a1c1f0b11-01"
AT_S = 1_772_438_400


class Counts:
    """Remembers what was counted."""

    def __init__(self) -> None:
        self.reports: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        self.values: Counter[str] = Counter()

    def reported(self, reachability: str, count: int) -> None:
        """Reports by reachability."""
        self.reports[reachability] += count

    def unrecognised(self, attribute: str) -> None:
        """Unknown attributes."""
        self.unknown[attribute] += 1

    def doubted(self, quality: str, count: int) -> None:
        """Values by quality."""
        self.values[quality] += count


def observation(**fields: Any) -> Observation:
    """A bus with two devices; `fields` take the place of its own."""
    whole: dict[str, Any] = {
        "id": ID,
        "site": "hagen",
        "target": "bus",
        "path": "nordwerk/hagen/energy",
        "protocol": "modbus",
        "address": "10.0.0.1:502",
        "interval_s": 5,
        "outcome": "OUTCOME_OK",
        "observed_at": {"seconds": AT_S},
        "devices": [
            {
                "path": "unit-3",
                "outcome": "OUTCOME_OK",
                "fact": ["VendorName", "serial_number"],
                "text": ["WAGO", "30-0B2C-7741"],
                "point": ["temperature", "level"],
                "value": [60.5, float("nan")],
                "unit": ["Cel", "m"],
            },
            {"path": "unit-4", "outcome": "OUTCOME_REFUSED"},
        ],
    }
    return Observation(**{**whole, **fields})


def plain(**facts: str) -> dict[str, Any]:
    """A device that answers with these facts."""
    return {"outcome": "OUTCOME_OK", "fact": list(facts), "text": list(facts.values())}


def record(message: Observation | None, partition: int = 0, offset: int = 0) -> Record[Observation]:
    """A record as the runtime hands it over."""
    return Record(message, "hagen/bus", "observations", partition, offset, TRACE)


def handler(statistics: Counts | None = None) -> Handler:
    """A handler that has seen nothing."""
    return Handler(Normalizer(small()), statistics or Counts())


async def handled(
    *messages: Observation | None, by: Handler | None = None, partition: int = 0
) -> tuple[list[Outgoing], list[str]]:
    """What becomes of messages: the records to publish and the reasons of those rejected."""
    batch = Batch([record(message, partition, n) for n, message in enumerate(messages)])
    made = await (by or handler())(batch)
    return made, [str(error) for error in batch.rejected.values()]


def reports(made: list[Outgoing]) -> list[Report]:
    """The reports among records."""
    return [Report.FromString(each.value or b"") for each in made if each.topic == TOPIC]


def looks(made: list[Outgoing]) -> list[Unrecognised]:
    """What no rule knows, among records."""
    return [Unrecognised.FromString(each.value or b"") for each in made if each.topic != TOPIC]
