"""The normaliser as a process between real topics, with a small catalogue of its own."""

import asyncio
import math
import os
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from tests.unit.normalizer import catalogue

from isthmus.demo.kafka import free_port
from isthmus.normalizer.adapters.catalog import fingerprint
from isthmus.runtime.codec import new_traceparent
from isthmus.telemetry.v1.observation_pb2 import Observation
from isthmus.telemetry.v1.report_pb2 import Quality, Reachability, Report
from isthmus.telemetry.v1.unrecognised_pb2 import Unrecognised

OBSERVATIONS = "collector.observations.v1"
REPORTS = "normalizer.reports.v1"
UNRECOGNISED = "normalizer.unrecognised.v1"
DEAD_LETTERS = "normalizer.dlq"
KIND = [("ce_type", b"isthmus.telemetry.v1.Observation")]
WAIT_S = 60
Sent = tuple[bytes, bytes, list[tuple[str, bytes]]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The small catalogue, which a test may change."""
    return catalogue.written(tmp_path / "catalog")


@asynccontextmanager
async def service(
    servers: str, folder: Path, port: int = 0
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A running normaliser; stopped with SIGTERM, as Kubernetes does."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("ISTHMUS_")}
    environ |= {
        "ISTHMUS_KAFKA__BOOTSTRAP_SERVERS": servers,
        "ISTHMUS_KAFKA__SESSION_TIMEOUT_S": "6",
        "ISTHMUS_HTTP__PORT": str(port),
        "ISTHMUS_CATALOG__FOLDER": str(folder),
    }
    with (folder.parent / "normalizer.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "isthmus.normalizer", env=environ, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(WAIT_S):
            await process.wait()


@asynccontextmanager
async def consumer(servers: str, *topics: str) -> AsyncIterator[AIOKafkaConsumer]:
    """Reads what the normaliser writes, from the beginning, without a group."""
    reader = AIOKafkaConsumer(*topics, bootstrap_servers=servers, auto_offset_reset="earliest")
    await reader.start()
    try:
        yield reader
    finally:
        await reader.stop()


async def send(servers: str, records: Iterable[Sent]) -> None:
    """Write records to the topic of observations, as they are."""
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        for key, value, headers in records:
            await producer.send(OBSERVATIONS, key=key, value=value, headers=headers)
        await producer.flush()


async def take(
    reader: AIOKafkaConsumer, wanted: set[bytes], of: Callable[[ConsumerRecord], bytes]
) -> dict[bytes, ConsumerRecord]:
    """The last record for each of `wanted`, until all are there."""
    found: dict[bytes, ConsumerRecord] = {}
    async with asyncio.timeout(WAIT_S):
        while wanted - found.keys():
            record = await reader.getone()
            found[of(record)] = record
    return found


def key_of(record: ConsumerRecord) -> bytes:
    return bytes(record.key)


def observation(target: str, minute: int = 0, **facts: str) -> Observation:
    """A controller of Hagen that answers."""
    facts = facts or {"VendorName": "Schneider-Electric", "ProductCode": "BMX P34 2020"}
    return Observation(
        id=str(uuid.uuid4()),
        site="hagen",
        target=target,
        protocol="modbus",
        address="10.0.0.1:502",
        outcome="OUTCOME_OK",
        observed_at={"seconds": 1_772_438_400 + 60 * minute},
        devices=[{"outcome": "OUTCOME_OK", "fact": facts.keys(), "text": facts.values()}],
    )


def sent(message: Observation) -> Sent:
    """The record of an observation."""
    return f"{message.site}/{message.target}".encode(), message.SerializeToString(), KIND


def attributes(report: Report) -> dict[str, str]:
    return {a.name: a.value for a in report.attributes}


@asynccontextmanager
async def client(port: int) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """What the service says of itself, each time that it is asked."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as asked:

        async def metrics() -> str:
            try:
                return (await asked.get("/metrics")).text
            except httpx.TransportError:
                return ""

        yield metrics


async def until(line: str, metrics: Callable[[], Awaitable[str]]) -> str:
    """Wait until the metrics have a line that begins so; all of them."""
    async with asyncio.timeout(WAIT_S):
        while f"\n{line}" not in (said := await metrics()):
            await asyncio.sleep(0.2)
    return said


async def test_an_observation_comes_out_as_a_report_with_its_evidence(
    kafka: str, folder: Path
) -> None:
    """The trace goes on; the report says which catalogue made it, and what a value is worth."""
    seen = observation(f"t-{uuid.uuid4().hex[:8]}")
    seen.devices[0].MergeFrom(
        Observation(
            devices=[
                {"point": ["speed", "humidity"], "value": [math.nan, 120], "unit": ["Hz", "%"]}
            ]
        ).devices[0]
    )
    trace = new_traceparent(seen.id)
    key, value, headers = sent(seen)

    async with service(kafka, folder) as process, consumer(kafka, REPORTS) as reader:
        await send(kafka, [(key, value, [*headers, ("traceparent", trace)])])
        record = (await take(reader, {key}, key_of))[key]

    report, said = Report.FromString(record.value), dict(record.headers)
    assert process.returncode == 0
    assert (said["traceparent"], said["ce_id"]) == (trace, report.id.encode())
    assert report.observation_id == seen.id
    assert report.id == str(uuid.uuid5(uuid.UUID(seen.id), ""))
    assert report.reachability == Reachability.REACHABILITY_ONLINE
    assert report.catalog == fingerprint(folder)
    assert attributes(report)["vendor"] == "Schneider Electric"
    assert attributes(report)["family"] == "Modicon M340"
    vendor = next(a for a in report.attributes if a.name == "vendor")
    assert (vendor.raw, vendor.rule) == ("Schneider-Electric", "modbus:VendorName")
    assert 0 < vendor.confidence <= 1
    assert list(report.metric) == ["speed", "humidity"]
    assert list(report.quality) == [Quality.QUALITY_BAD, Quality.QUALITY_UNCERTAIN]


async def test_poisoned_records_of_a_batch_are_dead_letters_and_all_others_are_reported(
    kafka: str, folder: Path
) -> None:
    """What is no observation is kept byte for byte, with the reason; its neighbours go on."""
    run = uuid.uuid4().hex[:8]
    good = [observation(f"{run}-{n}") for n in range(60)]
    nameless = observation(f"{run}-nameless")
    nameless.id = "no uuid"
    uneven = observation(f"{run}-uneven")
    uneven.devices[0].text.append("one too many")
    no_protobuf = b"\xff\xfe no protobuf \x00"
    records = [sent(each) for each in good]
    records[10:10] = [(f"hagen/{run}-x".encode(), no_protobuf, [*KIND, ("x-from", b"test")])]
    records[20:20] = [sent(nameless)]
    records[30:30] = [sent(uneven)]

    async with service(kafka, folder), consumer(kafka, REPORTS, DEAD_LETTERS) as reader:
        await send(kafka, records)
        found = await take(reader, {key for key, _, _ in records}, key_of)

    letters = {key: r for key, r in found.items() if r.topic == DEAD_LETTERS}
    mine = {key: r for key, r in letters.items() if run.encode() in key}
    assert len(mine) == 3
    assert all(found[sent(each)[0]].topic == REPORTS for each in good)
    letter = mine[f"hagen/{run}-x".encode()]
    assert letter.value == no_protobuf
    assert dict(letter.headers)["x-from"] == b"test"
    assert dict(letter.headers)["dlq-topic"] == OBSERVATIONS.encode()
    for message, reason in (
        (nameless, b"id: 'no uuid', expected"),
        (uneven, b"devices[''].text: "),
    ):
        letter = mine[sent(message)[0]]
        assert letter.value == message.SerializeToString()
        assert dict(letter.headers)["dlq-reason"].startswith(reason)


async def test_what_no_rule_knows_is_told_once_for_each_look(kafka: str, folder: Path) -> None:
    """Three devices of one make differ in serial number and address: one look, seen three times."""
    run = uuid.uuid4().hex[:8]
    make = {"VendorName": f"Maker {run}", "ProductCode": "Quux"}
    unknown = [
        observation(f"{run}-{n}", minute=minute, serial_number=f"SN-{n}", **make)
        for minute in (0, 1)
        for n in range(3)
    ]
    counts: dict[bytes, Unrecognised] = {}

    async with service(kafka, folder), consumer(kafka, UNRECOGNISED) as reader:
        await send(kafka, map(sent, unknown))
        async with asyncio.timeout(WAIT_S):
            while sum(look.count for look in counts.values()) < 3:
                record = await reader.getone()
                look = Unrecognised.FromString(record.value)
                if f"Maker {run}" in look.text:
                    assert record.key == f"{look.fingerprint}/{look.partition}".encode()
                    counts[record.key] = look

    assert len({look.fingerprint for look in counts.values()}) == 1
    look = next(iter(counts.values()))
    assert {"vendor", "family"} <= set(look.missing)
    assert dict(zip(look.fact, look.text, strict=True)) == make
    assert look.catalog == fingerprint(folder)
    assert look.source.startswith(f"hagen/{run}-")


async def test_the_list_of_what_no_rule_knows_forgets_what_nobody_repeats(kafka: str) -> None:
    """Newest of each key, and nothing older than a month."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        asked = [ConfigResource(ConfigResourceType.TOPIC, UNRECOGNISED)]
        (reply,) = await admin.describe_configs(asked)
    finally:
        await admin.close()
    config = {entry[0]: entry[1] for entry in reply.resources[0][4]}

    assert set(config["cleanup.policy"].split(",")) == {"compact", "delete"}
    assert config["retention.ms"] == str(30 * 86_400_000)


async def test_a_catalogue_is_exchanged_while_the_service_runs(kafka: str, folder: Path) -> None:
    """A wrong one is refused and said, and the last good one used on; a good one is used."""
    target, port = f"t-{uuid.uuid4().hex[:8]}", free_port()
    key = f"hagen/{target}".encode()
    families = folder / "families" / "all.yaml"
    good, first = families.read_text(), fingerprint(folder)

    async with (
        service(kafka, folder, port),
        consumer(kafka, REPORTS) as reader,
        client(port) as metrics,
    ):
        await until(f'isthmus_normalizer_catalog_info{{fingerprint="{first}"}} 1.0', metrics)
        families.write_text(good.replace("class: plc", "class: sausage"))
        said = await until("isthmus_normalizer_catalog_refused 1.0", metrics)
        assert f'fingerprint="{first}"' in said
        await send(kafka, [sent(observation(target))])
        before = Report.FromString((await take(reader, {key}, key_of))[key].value)

        families.write_text(good.replace("class: plc", "class: rtu"))
        second = fingerprint(folder)
        said = await until(
            f'isthmus_normalizer_catalog_info{{fingerprint="{second}"}} 1.0', metrics
        )
        assert first not in said
        assert "\nisthmus_normalizer_catalog_refused 0.0" in said
        await send(kafka, [sent(observation(target, minute=1))])
        after = Report.FromString((await take(reader, {key}, key_of))[key].value)

    assert (before.catalog, attributes(before)["class"]) == (first, "plc")
    assert (after.catalog, attributes(after)["class"]) == (second, "rtu")
    log = (folder.parent / "normalizer.log").read_text()
    assert log.count("catalog_refused") == 1
    assert "catalog/families/all.yaml: schneider-m340: class 'sausage' is not in" in log
    assert "Traceback" not in log


async def test_a_wrong_catalogue_is_one_line_and_no_start(kafka: str) -> None:
    """Who mounted the wrong folder reads which, and no stack."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "isthmus.normalizer",
        env={"ISTHMUS_KAFKA__BOOTSTRAP_SERVERS": kafka, "ISTHMUS_CATALOG__FOLDER": "/nowhere"},
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(WAIT_S):
        _, stderr = await process.communicate()

    assert process.returncode == 1
    assert stderr.decode() == ("catalog: /nowhere/vendors: no *.yaml, expected at least one file\n")
