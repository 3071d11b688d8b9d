"""References: the bare libraries doing the same input and output, without anything of ours.

python -m tests.bench.bare kafka SERVERS TOPIC COUNT OUT_COUNT OUT_BYTES
python -m tests.bench.bare copy SERVERS TOPIC COUNT OUT_COUNT OUT_BYTES
python -m tests.bench.bare store URI COUNT BYTES
"""

import asyncio
import resource
import sys
import time
from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import UpdateOne

from isthmus.telemetry.v1.observation_pb2 import Observation

BATCH = 500
HEADERS = [("ce_type", b"isthmus.telemetry.v1.Report"), ("ce_id", b"x" * 36)]


async def kafka(
    servers: str, topic: str, count: int, out_count: int, out_bytes: int, copied: bool = False
) -> None:
    """Take `count` records in batches, put `out_count` records back, commit each batch.

    With `copied` each record is decoded as an Observation, copied and encoded again.
    """
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=servers, group_id="bare", auto_offset_reset="earliest",
        enable_auto_commit=False,
    )  # fmt: skip
    producer = AIOKafkaProducer(
        bootstrap_servers=servers, enable_idempotence=True, compression_type="lz4",
        linger_ms=5, max_batch_size=262_144,
    )  # fmt: skip
    value, taken, put = b"x" * out_bytes, 0, 0
    async with consumer, producer:
        while taken < count:
            records = await consumer.getmany(timeout_ms=1000, max_records=BATCH)
            taken += sum(len(batch) for batch in records.values())
            if copied:
                values = [_copied(r.value) for batch in records.values() for r in batch]
                value = (values or [value])[-1].ljust(out_bytes)[:out_bytes]
            sent = []
            while put < out_count * taken // count:
                key = str(put).encode()
                sent.append(
                    await producer.send("inventory.changes.v1", value, key, headers=HEADERS)
                )
                put += 1
            if sent:
                await asyncio.gather(*sent)
            await consumer.commit()


def _copied(value: bytes) -> bytes:
    copy = Observation()
    copy.CopyFrom(Observation.FromString(value))
    encoded: bytes = copy.SerializeToString()
    return encoded


async def store(uri: str, count: int, size: int) -> None:
    """Write `count` documents of `size` bytes in batches."""
    client: Any = AsyncIOMotorClient(uri)
    collection = client["bare"]["documents"]
    text = "x" * size
    for first in range(0, count, BATCH):
        operations = [
            UpdateOne({"_id": number}, {"$set": {"text": text, "number": number}}, upsert=True)
            for number in range(first, min(count, first + BATCH))
        ]
        await collection.bulk_write(operations, ordered=False)


def main() -> None:
    """Run one reference; prints messages, seconds of processor, seconds by the clock."""
    kind, address, *rest = sys.argv[1:]
    numbers = [int(word) for word in rest if word.isdigit()]
    before = _cpu_s()
    began = time.monotonic()
    if kind == "store":
        work = store(address, *numbers)
    else:
        count, out_count, out_bytes = numbers
        work = kafka(address, rest[0], count, out_count, out_bytes, copied=kind == "copy")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)
    print(numbers[0], _cpu_s() - before, time.monotonic() - began)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
