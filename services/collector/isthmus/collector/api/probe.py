"""The command `probe`."""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from pydantic import BaseModel, ConfigDict, Field

from isthmus.collector.adapters import Endpoint
from isthmus.collector.adapters.credentials import CredentialsFile
from isthmus.collector.adapters.documents import Document
from isthmus.collector.adapters.profiles import ProfileFolder, shipped
from isthmus.collector.adapters.prometheus import CollectorMetrics
from isthmus.collector.domain.envelope import Envelope
from isthmus.collector.domain.reading import DeviceReading, Outcome
from isthmus.collector.handlers.probing import Probe, Probed, Subject
from isthmus.collector.handlers.recognition import source
from isthmus.runtime.errors import IsthmusError
from isthmus.runtime.settings import Telemetry
from isthmus.runtime.telemetry import configure_logs

CREDENTIALS = "ISTHMUS_CREDENTIALS__FILE"
WORD = r"^[a-z0-9-]+$"


class Row(BaseModel):
    """One target, as a seed file has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    site: str = Field(default="", pattern=WORD)
    target: str = Field(pattern=WORD)
    path: str = ""
    interval_s: float = Field(default=60, gt=0)
    profile: str = Field(pattern=WORD)
    endpoint: Endpoint
    envelope: Envelope = Envelope()


class Seeds(BaseModel):
    """A seed file: the targets of one site."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    targets: list[Row]


def probe(
    file: str, targets: Sequence[str], profiles: str | None, as_json: bool, safety_controller: bool
) -> int:
    """Read each target once, one after another; 1 when one of them did not answer well."""
    configure_logs("collector", Telemetry(log_level="error", log_format="console"))
    folder = ProfileFolder(Path(profiles) if profiles else None, shipped())
    secrets = os.environ.get(CREDENTIALS)
    credentials = CredentialsFile(Path(secrets) if secrets else None)
    subjects = [_subject(row, folder, credentials) for row in rows(Path(file), targets)]
    probe = Probe(CollectorMetrics(CollectorRegistry()), safety_controllers=safety_controller)
    found = asyncio.run(_read(probe, subjects, as_json))
    return int(any(probed.reading.outcome is not Outcome.OK for probed in found))


def _subject(row: Row, profiles: ProfileFolder, credentials: CredentialsFile) -> Subject:
    at = row.endpoint
    read = source(at, row.profile, profiles, credentials)
    return Subject(row.target, read, row.profile, at.address, at.timeout_s, row.envelope)


def rows(file: Path, wanted: Sequence[str]) -> Sequence[Row]:
    """The targets in `file` that are wanted, by name or `site/name`; all of one only when named."""
    document = Document(str(file), file.read_text())
    content = document.content
    if isinstance(content, dict) and "targets" in content:
        known = document.check(Seeds).targets
    else:
        known = [document.check(Row)]
    names = [name.rpartition("/")[2] for name in wanted]
    missing = set(names) - {row.target for row in known}
    there = ", ".join(row.target for row in known)
    if missing:
        raise IsthmusError(f"{file}: no target {', '.join(sorted(missing))}, only {there}")
    if not names and len(known) > 1:
        raise IsthmusError(f"{file}: name the targets to probe: {there}")
    return [row for row in known if not names or row.target in names]


async def _read(probe: Probe, subjects: Iterable[Subject], as_json: bool) -> list[Probed]:
    found = []
    for subject in subjects:
        probed = await probe.read(subject)
        found.append(probed)
        lines = [json.dumps(_record(subject, probed))] if as_json else _text(subject, probed)
        print("\n".join(lines), flush=True)
    return found


def _record(subject: Subject, probed: Probed) -> dict[str, Any]:
    reading = probed.reading
    return {
        "target": subject.name,
        "address": subject.address,
        "profile": probed.profile,
        "outcome": reading.outcome.value,
        "error": reading.error,
        "took_s": round(probed.took_s, 3),
        "limits": {n: {"value": v, "from": level} for n, (v, level) in probed.limits.items()},
        "sent": [
            {"kind": s.kind, "path": s.path, "at_s": round(s.at_s, 3), "took_s": round(s.took_s, 3),
             "error": s.error}
            for s in probed.sent
        ],
        "devices": [
            {
                "path": d.path,
                "outcome": d.outcome.value,
                "error": d.error,
                "facts": dict(d.facts),
                "points": {n: {"value": v, "unit": unit} for n, (v, unit) in d.points.items()},
            }
            for d in reading.devices
        ],
    }  # fmt: skip


def _text(subject: Subject, probed: Probed) -> Iterator[str]:
    reading = probed.reading
    yield f"{subject.name}: {subject.address}, profile {probed.profile}"
    yield f"  {reading.outcome.value} in {probed.took_s:.2f} s {reading.error}".rstrip()
    held = ", ".join(f"{name} {v} ({level})" for name, (v, level) in probed.limits.items())
    yield f"  limits: {held}"
    yield f"  sent: {len(probed.sent)} requests"
    for (kind, path), count in Counter((s.kind, s.path) for s in probed.sent).items():
        yield f"    {count:>4}  {kind} {path}".rstrip()
    for device in reading.devices:
        yield from _device(device)


def _device(device: DeviceReading) -> Iterator[str]:
    what = device.path or "the endpoint itself"
    yield f"  {what}: {device.outcome.value} {device.error}".rstrip()
    width = max(map(len, (*device.facts, *device.points)), default=0)
    yield from (f"    {name:<{width}}  {text}" for name, text in device.facts.items())
    for name, (value, unit) in device.points.items():
        yield f"    {name:<{width}}  {value:g} {'' if unit == '1' else unit}".rstrip()
