"""The touch ledger as a file for the plant: the command `touches`, on a real Kafka."""

import csv
import io
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from aiokafka import AIOKafkaProducer

from isthmus.collector.handlers.ledger import TOPIC
from isthmus.runtime.codec import encode
from isthmus.telemetry.v1.touches_pb2 import PollState, Touches

AT = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
HOUR = timedelta(hours=1)


def touches(target: str, hour: int) -> Touches:
    return Touches(
        id=f"{target}-{hour}",
        site="hagen",
        target=target,
        address="10.0.0.1:502",
        protocol="modbus",
        collector="collector-0",
        from_at=AT + hour * HOUR,
        until_at=AT + (hour + 1) * HOUR,
        kind=["modbus.read_coils"],
        count=[hour + 1],
        state=PollState.POLL_STATE_POLLING,
    )


async def publish(servers: str) -> None:
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        for hour in range(3):
            for target in ("press-1", "press-2"):
                message = touches(target, hour)
                until = AT + (hour + 1) * HOUR
                record = encode(
                    message, topic=TOPIC, key=f"hagen/{target}", id=message.id,
                    source="collector", at=until,
                )  # fmt: skip
                await producer.send_and_wait(
                    record.topic, record.value, key=record.key,
                    timestamp_ms=int(until.timestamp() * 1000),
                )  # fmt: skip


def extract(servers: str, *arguments: str) -> tuple[list[dict[str, str]], str]:
    command = [sys.executable, "-m", "isthmus.collector", "touches", *arguments]
    environ = {**os.environ, "ISTHMUS_KAFKA__BOOTSTRAP_SERVERS": servers}
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    return list(csv.DictReader(io.StringIO(ended.stdout))), ended.stderr


async def test_the_plant_gets_every_touch_of_its_site_as_a_table(kafka: str) -> None:
    """All of it, one target of it, one span of it; read by a member of no group."""
    nothing, said = extract(kafka, "--site", "hagen")
    assert nothing == []
    assert "nothing was sent on site hagen" in said

    await publish(kafka)
    whole, _ = extract(kafka, "--site", "hagen")
    assert sorted((row["target"], row["count"]) for row in whole) == [
        (target, str(count)) for target in ("press-1", "press-2") for count in (1, 2, 3)
    ]
    one, _ = extract(kafka, "--site", "hagen", "--target", "press-2")
    assert [row["count"] for row in one] == ["1", "2", "3"]
    begin, end = (AT + 1.5 * HOUR).isoformat(), (AT + 1.75 * HOUR).isoformat()
    span, _ = extract(kafka, "--site", "hagen", "--from", begin, "--to", end)
    assert {row["count"] for row in span} == {"2"}
    assert extract(kafka, "--site", "lyon")[0] == []


def test_without_kafka_it_says_one_line() -> None:
    """No stack trace, and not for ever."""
    rows, said = extract("127.0.0.1:1", "--site", "hagen")
    assert rows == []
    assert said.splitlines()[-1].startswith("kafka: 127.0.0.1:1: ")
