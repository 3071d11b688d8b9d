"""The commands that keep the catalogue, on a real log: replay, case, unrecognised."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from tests.unit.normalizer import catalogue

from isthmus.runtime.codec import Outgoing, encode
from isthmus.telemetry.v1.observation_pb2 import Observation
from isthmus.telemetry.v1.unrecognised_pb2 import Unrecognised

OBSERVATIONS = "collector.observations.v1"
UNRECOGNISED = "normalizer.unrecognised.v1"
NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The catalogue that the service uses."""
    return catalogue.written(tmp_path / "catalog")


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """The catalogue that somebody wants to merge: M340 are remote terminal units."""
    changed = catalogue.written(tmp_path / "new")
    families = changed / "families" / "all.yaml"
    entries = families.read_text().replace("class: plc", "class: rtu", 1)
    families.write_text(entries.replace("Modicon M340", "M340"))
    return changed


def observation(target: str, at: datetime, product: str = "BMX P34 2020") -> Observation:
    """A controller that answers."""
    return Observation(
        id=str(uuid.uuid4()),
        site="hagen",
        target=target,
        protocol="modbus",
        address="10.0.0.1:502",
        outcome="OUTCOME_OK",
        observed_at=at,
        devices=[
            {
                "outcome": "OUTCOME_OK",
                "fact": ["VendorName", "ProductCode"],
                "text": ["Schneider-Electric", product],
            }
        ],
    )


def record(message: Observation) -> Outgoing:
    key, at = f"{message.site}/{message.target}", message.observed_at.ToDatetime(UTC)
    return encode(message, topic=OBSERVATIONS, key=key, id=message.id, source="test", at=at)


async def publish(servers: str, records: Iterable[tuple[Outgoing, datetime]]) -> None:
    """Put records on their topics, as of a time."""
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        for each, at in records:
            await producer.send_and_wait(
                each.topic,
                each.value,
                key=each.key,
                headers=list(each.headers),
                timestamp_ms=int(at.timestamp() * 1000),
            )


def run(
    servers: str, *arguments: str, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """One command, to its end."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("ISTHMUS_")}
    environ["ISTHMUS_KAFKA__BOOTSTRAP_SERVERS"] = servers
    if folder:
        environ["ISTHMUS_CATALOG__FOLDER"] = str(folder)
    command = [sys.executable, "-m", "isthmus.normalizer", *arguments]
    return subprocess.run(
        command, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


async def test_a_replay_says_what_another_catalogue_would_change(
    kafka: str, folder: Path, new: Path
) -> None:
    """Of one span of the log, source by source; it takes nothing from the service's group."""
    spans = {"early": NOW - 50 * HOUR, "press-1": NOW - 26 * HOUR, "press-2": NOW - 25 * HOUR}
    other = observation("pump-1", NOW - 25 * HOUR, product="MAGNA3")
    records = [(record(observation(name, at)), at) for name, at in spans.items()]
    records.append((record(other), NOW - 25 * HOUR))
    records.append((Outgoing(OBSERVATIONS, b"hagen/x", b"\xff no protobuf", []), NOW - 25 * HOUR))
    await publish(kafka, records)
    span = ("--from", (NOW - 30 * HOUR).isoformat(), "--to", (NOW - 20 * HOUR).isoformat())

    ended = run(kafka, "replay", *span, "--catalogue", str(new), "--diff", folder=folder)
    short = run(kafka, "replay", *span, "--catalogue", str(new), folder=folder)
    same = run(kafka, "replay", *span, "--catalogue", str(folder), "--diff", folder=folder)

    assert ended.stdout.splitlines() == [
        "hagen/press-1",
        "  family 'Modicon M340' -> 'M340'",
        "  class 'plc' -> 'rtu'",
        "hagen/press-2",
        "  family 'Modicon M340' -> 'M340'",
        "  class 'plc' -> 'rtu'",
        "2 of 3 sources would change (class 2, family 2); 4 observations, 1 of them rejected",
    ]
    assert short.stdout.splitlines() == ended.stdout.splitlines()[-1:]
    assert (ended.returncode, short.returncode, same.returncode) == (1, 1, 0)
    assert same.stdout.startswith("0 of 3 sources would change (nothing); ")
    assert await groups(kafka) == []


async def groups(servers: str) -> list[str]:
    """The consumer groups that there are."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        return [group for group, _ in await admin.list_consumer_groups()]
    finally:
        await admin.close()


async def test_a_wrong_new_catalogue_or_time_is_one_line(
    kafka: str, folder: Path, new: Path
) -> None:
    """Before anything is read."""
    (new / "keys.yaml").write_text("- nonsense\n")

    wrong = run(kafka, "replay", "--catalogue", str(new), folder=folder)
    late = run(kafka, "replay", "--catalogue", str(folder), "--from", "monday", folder=folder)

    assert wrong.returncode == late.returncode == 1
    assert wrong.stderr.startswith("catalog: new/keys.yaml: entry 1: ")
    assert late.stderr.startswith("--from: 'monday', expected a time as ")
    assert "Traceback" not in wrong.stderr + late.stderr


async def test_the_newest_observation_of_a_source_becomes_a_golden_case(
    kafka: str, folder: Path, tmp_path: Path
) -> None:
    """Its reports as they come out now, to be read and then kept; no folder is written over."""
    moments = [NOW - timedelta(minutes=minute) for minute in (20, 10)]
    seen = [observation("case-1", at) for at in moments]
    await publish(kafka, [(record(each), at) for each, at in zip(seen, moments, strict=True)])
    target = tmp_path / "golden" / "case-1"
    options = (str(target), "--origin", "hagen, read on the day", "--catalogue", str(folder))

    ended = run(kafka, "case", "hagen/case-1", *options)
    again = run(kafka, "case", "hagen/case-1", *options)
    from_file = run(kafka, "case", str(target / "observation.json"), f"{target}-b", *options[1:])
    nobody = run(kafka, "case", "hagen/nobody", f"{target}-c", *options[1:])

    assert ended.returncode == from_file.returncode == 0, ended.stderr
    case = json.loads((target / "observation.json").read_text())
    report = json.loads((target / "report.json").read_text())["reports"][0]
    assert case["id"] == seen[1].id
    assert report["observation_id"] == seen[1].id
    assert {a["name"]: a["value"] for a in report["attributes"]}["family"] == "Modicon M340"
    assert (target / "origin.txt").read_text() == "hagen, read on the day\n"
    for name in ("observation.json", "report.json"):
        assert (Path(f"{target}-b") / name).read_text() == (target / name).read_text()
    assert again.returncode == nobody.returncode == 1
    assert again.stderr.splitlines()[-1] == f"{target}: is there already, expected a new folder"
    assert nobody.stderr.splitlines()[-1].startswith("hagen/nobody: neither a file nor a source")


def unknown(fingerprint: str, partition: int, count: int) -> tuple[Outgoing, datetime]:
    message = Unrecognised(
        fingerprint=fingerprint,
        missing=["vendor", "family"],
        protocol="modbus",
        profile="generic-modbus",
        fact=["VendorName"],
        text=[f"Maker {fingerprint}"],
        source=f"hagen/{fingerprint}-{partition}",
        count=count,
        last_at=NOW,
        partition=partition,
    )
    key = f"{fingerprint}/{partition}"
    return encode(message, topic=UNRECOGNISED, key=key, id=key, source="test", at=NOW), NOW


async def test_the_list_of_what_no_rule_knows_has_the_most_frequent_first(kafka: str) -> None:
    """The newest record of each partition counts, and the partitions are added up."""
    looks = [("rare", 0, 5), ("common", 0, 1), ("common", 0, 4), ("common", 7, 8)]
    await publish(kafka, [unknown(*look) for look in looks])

    ended = run(kafka, "unrecognised")

    lines = ended.stdout.splitlines()
    assert ended.returncode == 0
    assert lines[0].startswith("12 x common: vendor, family unknown; last ")
    assert "(modbus, profile generic-modbus)" in lines[1]
    assert lines[2] == "  VendorName: Maker common"
    assert lines[3].startswith("5 x rare: ")
    assert lines[-1] == "2 looks that no rule knows"


def test_without_kafka_a_command_says_one_line(folder: Path) -> None:
    """No stack trace, and not for ever."""
    for arguments in (["unrecognised"], ["replay", "--catalogue", str(folder)]):
        ended = run("127.0.0.1:1", *arguments, folder=folder)

        assert ended.returncode == 1
        assert ended.stderr.splitlines()[-1].startswith("kafka: 127.0.0.1:1: ")
