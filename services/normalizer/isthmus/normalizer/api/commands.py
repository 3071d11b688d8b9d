"""The commands that help to keep the catalogue: explain, lint, replay, case, unrecognised."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from isthmus.normalizer.adapters import catalog
from isthmus.normalizer.adapters.catalog import SHIPPED
from isthmus.normalizer.domain.lint import lint as linted
from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.handlers import cases, observations
from isthmus.normalizer.handlers import unrecognised as looks
from isthmus.normalizer.handlers.explain import explain as explained
from isthmus.normalizer.handlers.explain import parse
from isthmus.normalizer.handlers.replay import Replay
from isthmus.normalizer.settings import Settings
from isthmus.runtime.codec import decode
from isthmus.runtime.commands import moment, say
from isthmus.runtime.errors import IsthmusError
from isthmus.runtime.extract import TopicExtract
from isthmus.runtime.settings import load
from isthmus.telemetry.v1.observation_pb2 import Observation

NEWEST_WITHIN = timedelta(hours=1)


def explain(file: str, catalogue: str | None) -> int:
    """Print what the catalogue makes of an Observation, and why."""
    normalizer = Normalizer(catalog.load(_folder(catalogue)))
    print("\n".join(explained(normalizer, parse(_text(Path(file))))))
    return 0


def lint(catalogue: str | None) -> int:
    """Print each mistake of a catalogue; 1 when there is one."""
    folder = _folder(catalogue)
    found = catalog.load(folder)
    mistakes = list(linted(found, catalog.examples(folder)))
    for mistake in mistakes:
        print(f"catalog: {folder.name}/{mistake}")
    families = list(found.families)
    ways = sum(len(family.recognise) + len(family.oids) for family in families)
    lives = sum(map(len, found.lifecycles.values()))
    print(
        f"{found.fingerprint}: {len(found.vendors)} vendors, {len(families)} families known in "
        f"{ways} ways, {lives} lifecycle facts; {len(mistakes)} mistakes"
    )
    return 1 if mistakes else 0


def replay(since: str | None, until: str | None, new: str, diff: bool) -> int:
    """Print what another catalogue would change; 1 when it would change something."""
    settings = load(Settings)
    before = Normalizer(catalog.load(settings.catalog.folder or SHIPPED))
    comparison = Replay(before, Normalizer(catalog.load(Path(new))))
    topic = TopicExtract(
        settings.kafka,
        observations.TOPIC,
        since=moment("--from", since),
        until=moment("--to", until),
    )
    asyncio.run(_replayed(topic, comparison))
    lines = list(comparison.lines())
    print("\n".join(lines if diff else lines[-1:]))
    return 1 if comparison.changes else 0


async def _replayed(topic: TopicExtract, comparison: Replay) -> None:
    async for records, remaining in topic.batches():
        comparison.take(records)
        to_come = max(0, remaining - len(records))
        say(f"{comparison.observations} observations read, {to_come} to come")


def case(source: str, folder: str, origin: str, catalogue: str | None) -> int:
    """Write a golden case of one Observation."""
    normalizer = Normalizer(catalog.load(_folder(catalogue)))
    file = Path(source)
    message = parse(_text(file)) if file.exists() else asyncio.run(_newest(source))
    target = Path(folder)
    if target.exists():
        raise IsthmusError(f"{folder}: is there already, expected a new folder")
    target.mkdir(parents=True)
    for name, text in cases.files(normalizer, message, origin).items():
        (target / name).write_text(text, encoding="utf-8")
        print(target / name)
    return 0


async def _newest(source: str) -> Observation:
    """The newest Observation of a source within the last hour; raises IsthmusError."""
    since = datetime.now(UTC) - NEWEST_WITHIN
    topic = TopicExtract(load(Settings).kafka, observations.TOPIC, key=source, since=since)
    found = None
    async for records, remaining in topic.batches():
        mine = [record for record in records if record.key == source.encode()]
        found = mine[-1] if mine else found
        say(f"looking for {source}, {remaining} records to come")
    if found is None:
        raise IsthmusError(f"{source}: neither a file nor a source that was read in the last hour")
    message = decode(found, Observation, required=observations.REQUIRED).message
    if message is None:
        raise IsthmusError(f"{source}: the newest record is a tombstone, expected an Observation")
    return message


def unrecognised() -> int:
    """Print what no rule knows, what most devices look like first."""
    print("\n".join(asyncio.run(_unrecognised())))
    return 0


async def _unrecognised() -> list[str]:
    topic = TopicExtract(load(Settings).kafka, looks.TOPIC)
    read = [record async for records, _ in topic.batches() for record in records]
    return list(looks.lines(read))


def _folder(given: str | None) -> Path:
    return Path(given) if given else SHIPPED


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        reason = f"{error.reason} at byte {error.start}, expected UTF-8"
        raise IsthmusError(f"{file}: {reason}") from None
