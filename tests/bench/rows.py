"""The rows: each service on the demo's own messages, beside the bare libraries."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from aiokafka import ConsumerRecord

from isthmus.normalizer.adapters.catalog import SHIPPED
from isthmus.runtime.codec import Outgoing
from tests.bench.recording import OBSERVATIONS, REPORTS, Recorded, again, multiplied
from tests.bench.rig import Row, Service, Spent, bare, kafka, mongodb

MESSAGES = 20_000
ASSETS = 4_000

Rows = Callable[[Recorded], AsyncIterator[Row]]


async def normalizer(recorded: Recorded) -> AsyncIterator[Row]:
    """Observations in, reports out, beside decoding, copying and encoding the same messages."""
    estate = multiplied(OBSERVATIONS, recorded[OBSERVATIONS], ASSETS)
    records = _rounds(OBSERVATIONS, estate)
    reports = len(recorded[REPORTS]) * MESSAGES // len(recorded[OBSERVATIONS])
    size = _mean_bytes(recorded[REPORTS])
    with tempfile.TemporaryDirectory() as folder:
        # A copy: a catalogue that somebody edits meanwhile would have all devices met anew.
        catalogue = {"ISTHMUS_CATALOG__FOLDER": f"{shutil.copytree(SHIPPED, f'{folder}/catalog')}"}
        yield await _normalized(catalogue, estate, records, reports, size)


async def _normalized(
    catalogue: dict[str, str],
    estate: list[Outgoing],
    records: list[Outgoing],
    reports: int,
    size: int,
) -> Row:
    async with kafka() as servers, _service("normalizer", servers, **catalogue) as service:
        await service.spend(servers, OBSERVATIONS, estate)
        spent = await service.spend(servers, OBSERVATIONS, records)
        reference = await bare(
            "copy", servers, OBSERVATIONS, str(MESSAGES), str(reports), str(size)
        )
    return _row("normalizer.observations_per_cpu_s", spent, reference)


async def inventory(recorded: Recorded) -> AsyncIterator[Row]:
    """The whole service on Kafka: reports of new devices, beside taking the same bytes."""
    records = multiplied(REPORTS, recorded[REPORTS], ASSETS)
    async with kafka() as servers, mongodb() as uri:
        store = {
            "ISTHMUS_STORE__URI": uri,
            "ISTHMUS_STORE__DATABASE": "inventory",
            "ISTHMUS_ACCESS__MODE": "off",
        }
        async with _service("inventory", servers, **store) as service:
            await service.spend(servers, REPORTS, records)
            later = await service.spend(servers, REPORTS, _rounds(REPORTS, records))
        reference = await bare("kafka", servers, REPORTS, str(MESSAGES), "0", "0")
    yield _row("inventory.reports_per_cpu_s", later, reference)


async def alerting(recorded: Recorded) -> AsyncIterator[Row]:
    """Reports judged by the shipped rules, beside taking the same bytes."""
    estate = multiplied(REPORTS, recorded[REPORTS], ASSETS)
    async with kafka() as servers, mongodb() as uri:
        store = {
            "ISTHMUS_STORE__URI": uri,
            "ISTHMUS_STORE__DATABASE": "alerting",
            "ISTHMUS_ACCESS__MODE": "off",
        }
        async with _service("alerting", servers, **store) as service:
            await service.spend(servers, REPORTS, estate)
            spent = await service.spend(servers, REPORTS, _rounds(REPORTS, estate))
        reference = await bare("kafka", servers, REPORTS, str(MESSAGES), "0", "0")
    yield _row("alerting.reports_per_cpu_s", spent, reference)


ROWS: dict[str, Rows] = {
    "alerting.reports_per_cpu_s": alerting,
    "inventory.reports_per_cpu_s": inventory,
    "normalizer.observations": normalizer,
}


def _rounds(topic: str, estate: list[Outgoing]) -> list[Outgoing]:
    """MESSAGES messages: every device says the same again, a minute later each time."""
    rounds = MESSAGES // len(estate)
    return [r for number in range(rounds) for r in again(topic, estate, 60 * (number + 1))]


def _service(name: str, servers: str, **environ: str) -> Service:
    return Service(name, servers, Path(tempfile.gettempdir()) / "isthmus-bench", **environ)


def _row(name: str, spent: Spent, reference: Spent) -> Row:
    return Row(name, spent.per_cpu_s, "1/s", reference.per_cpu_s, "0.4 of bare")


def _mean_bytes(records: list[ConsumerRecord]) -> int:
    return sum(len(r.value) for r in records) // len(records)
