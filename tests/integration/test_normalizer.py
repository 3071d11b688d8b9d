"""The normaliser as a process between two real topics."""

import asyncio
import os
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord

from isthmus.runtime.codec import new_traceparent
from isthmus.telemetry.v1.observation_pb2 import Observation
from isthmus.telemetry.v1.report_pb2 import Reachability, Report

OBSERVATIONS = "collector.observations.v1"
REPORTS = "normalizer.reports.v1"
DEAD_LETTERS = "normalizer.dlq"
WAIT_S = 60
Sent = tuple[bytes, bytes, list[tuple[str, bytes]]]


@asynccontextmanager
async def service(bootstrap_servers: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A running normaliser; stopped with SIGTERM, as Kubernetes does."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("ISTHMUS_")}
    environ |= {"ISTHMUS_KAFKA__BOOTSTRAP_SERVERS": bootstrap_servers, "ISTHMUS_HTTP__PORT": "0"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "isthmus.normalizer", env=environ
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(WAIT_S):
            await process.wait()


@asynccontextmanager
async def consumer(bootstrap_servers: str) -> AsyncIterator[AIOKafkaConsumer]:
    """Reads what the normaliser writes, from the beginning, without a group."""
    reader = AIOKafkaConsumer(
        REPORTS, DEAD_LETTERS, bootstrap_servers=bootstrap_servers, auto_offset_reset="earliest"
    )
    await reader.start()
    try:
        yield reader
    finally:
        await reader.stop()


async def send(bootstrap_servers: str, records: list[Sent]) -> None:
    """Write records to the topic of observations, as they are."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap_servers) as producer:
        for key, value, headers in records:
            await producer.send_and_wait(OBSERVATIONS, key=key, value=value, headers=headers)


async def take(reader: AIOKafkaConsumer, keys: set[bytes]) -> dict[bytes, ConsumerRecord]:
    """The first record with each of these keys."""
    found: dict[bytes, ConsumerRecord] = {}
    async with asyncio.timeout(WAIT_S):
        while keys - found.keys():
            record = await reader.getone()
            if record.key in keys:
                found.setdefault(record.key, record)
    return found


def observation(target: str) -> Observation:
    """A controller of Hagen that answers."""
    return Observation(
        id=str(uuid.uuid4()),
        site="hagen",
        target=target,
        protocol="modbus",
        address="10.0.0.1:502",
        outcome="OUTCOME_OK",
        observed_at={"seconds": 1_772_438_400},
        devices=[
            {
                "outcome": "OUTCOME_OK",
                "fact": ["VendorName", "ProductCode"],
                "text": ["Schneider-Electric", "BMX P34 2020"],
            }
        ],
    )


async def test_an_observation_comes_out_as_a_report_and_a_wrong_record_as_it_was(
    kafka: str,
) -> None:
    """The report carries the trace on; what is no observation is a dead letter, byte for byte."""
    target = f"t-{uuid.uuid4().hex[:8]}"
    first, second = observation(f"{target}-1"), observation(f"{target}-2")
    trace = new_traceparent(first.id)
    wrong, rejected = f"hagen/{target}-x".encode(), f"hagen/{target}-y".encode()
    no_protobuf = b"\xff\xfe no protobuf \x00"
    nameless = observation(f"{target}-y")
    nameless.id = "no uuid"
    empty = nameless.SerializeToString()
    good = [f"hagen/{target}-{n}".encode() for n in (1, 2)]
    kind = [("ce_type", b"isthmus.telemetry.v1.Observation")]

    async with service(kafka) as process, consumer(kafka) as reader:
        await send(
            kafka,
            [
                (good[0], first.SerializeToString(), [*kind, ("traceparent", trace)]),
                (wrong, no_protobuf, [*kind, ("x-from", b"test")]),
                (rejected, empty, kind),
                (good[1], second.SerializeToString(), kind),
            ],
        )
        found = await take(reader, {*good, wrong, rejected})

    report, headers = Report.FromString(found[good[0]].value), dict(found[good[0]].headers)
    assert found[good[0]].topic == REPORTS
    assert report.observation_id == first.id
    assert report.reachability == Reachability.REACHABILITY_ONLINE
    assert {a.name: a.value for a in report.attributes}["vendor"] == "Schneider Electric"
    assert headers["traceparent"] == trace
    assert headers["ce_id"] == report.id.encode()
    assert found[good[1]].topic == REPORTS

    letter = found[wrong]
    assert (letter.topic, letter.value) == (DEAD_LETTERS, no_protobuf)
    assert dict(letter.headers)["x-from"] == b"test"
    assert dict(letter.headers)["dlq-topic"] == OBSERVATIONS.encode()
    assert found[rejected].value == empty
    assert dict(found[rejected].headers)["dlq-reason"].startswith(b"id: 'no uuid', expected a UUID")
    assert process.returncode == 0


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
    assert stderr.decode() == "catalog: /nowhere/vendors.yaml: No such file or directory\n"
