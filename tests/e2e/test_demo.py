"""The whole of Isthmus, as a stranger sees it: found is the truth, whatever is killed meanwhile."""

import asyncio
import dataclasses
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc_tools
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

from isthmus.alarms.v1.transition_pb2 import Transition
from isthmus.assets.v1.change_pb2 import Change, ChangeKind
from isthmus.demo import once
from isthmus.demo.fleet import differences
from isthmus.demo.stack import Stack

ROOT = Path(__file__).parents[2]
PRESS = "hagen/press-plc-1"
pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(300)]


async def test_what_was_found_is_the_truth_and_alarms_come_and_go(stack: Stack) -> None:
    """`make demo ARGS=--once` holds: identity, class, site, health, alarms, no harm."""
    assert await once.prove(stack, print) == []


async def test_one_wrong_value_in_the_truth_is_named(stack: Stack) -> None:
    """The proof can fail, and says where."""
    first = stack.fleet.devices[0]
    wrong = dataclasses.replace(first, truth={**first.truth, "serial": "wrong"})
    fleet = dataclasses.replace(stack.fleet, devices=(wrong, *stack.fleet.devices[1:]))

    lines = differences(fleet, await stack.items("inventory", "/v1/assets"))

    serial = first.truth["serial"]
    assert lines == [f"{first.name}: serial '{serial}', expected 'wrong'"]


async def test_another_team_reads_the_whole_inventory_from_proto_alone(
    stack: Stack, tmp_path: Path
) -> None:
    """Plain aiokafka and descriptors compiled from `proto/`: nothing of ours is imported."""
    kind = compiled(tmp_path, "isthmus.assets.v1.Asset")
    newest: dict[bytes, Message] = {}
    async for record in everything(stack.bootstrap_servers, "inventory.assets.v1"):
        if record.value is None:
            newest.pop(record.key, None)
        else:
            newest[record.key] = kind.FromString(record.value)

    published = {(a.site, a.vendor, a.serial) for a in newest.values() if a.sources}  # type: ignore[attr-defined]

    found = await stack.items("inventory", "/v1/assets")
    assert published == {(a["site"], a["vendor"], a["serial"]) for a in found if a["sources"]}
    assert len(found) >= len(stack.fleet.devices)


@pytest.mark.parametrize("name", ["collector-hagen", "normalizer", "inventory", "alerting"])
async def test_a_killed_service_comes_back_and_nothing_is_lost_or_doubled(
    stack: Stack, name: str
) -> None:
    """kill -9 while a device changes: the truth log and the changes agree, item by item."""
    process = stack.processes[name]
    restarts = process.restarts
    versions = ["3.21", "3.22", "3.20"]

    for version in versions:
        if version == "3.22":
            process.kill()
        await stack.post("control", "/devices/press-plc-1", {"set": {"firmware": version}})
        await until(stack, PRESS, "firmware", version)

    assert process.restarts == restarts + 1
    logged = [c for c in await stack.get("control", "/truth") if c["what"] == "firmware"]
    truth = [c["after"] for c in logged if c["device"] == "press-plc-1"]
    assert truth[-3:] == versions
    asset = await asset_at(stack, PRESS)
    changes = await changes_of(stack, asset["id"], ChangeKind.CHANGE_KIND_CHANGED)
    assert [c.after for c in changes if c.field == "firmware"] == truth
    assert await transitions_without_a_gap(stack)


async def test_a_swapped_unit_is_a_replacement_and_both_ends_are_told(stack: Stack) -> None:
    """Another serial at the same place is another asset; the old one comes back as itself."""
    place = "hagen/utilities-bus/unit-4"
    old = await asset_at(stack, place)

    await stack.post("control", "/events/unit-is-swapped")
    new = await until(stack, place, "serial", "2140057001")

    assert new["id"] != old["id"]
    left = await stack.get("inventory", f"/v1/assets/{old['id']}")
    assert (left["sources"], left["serial"]) == ([], old["serial"])
    for id in (old["id"], new["id"]):
        (replaced,) = await changes_of(stack, id, ChangeKind.CHANGE_KIND_REPLACED)
        assert (replaced.before, replaced.after) == (old["id"], new["id"])

    for step in ({"silent": True}, {"set": {"serial": int(old["serial"])}}, {"silent": False}):
        await stack.post("control", "/devices/power-meter-2", step)
        await asyncio.sleep(6 if "silent" in step else 0)  # longer than its poll interval
    assert (await until(stack, place, "serial", old["serial"]))["id"] == old["id"]


async def test_a_bad_row_of_targets_is_refused_with_its_field_and_disturbs_nothing(
    stack: Stack,
) -> None:
    """One clear error; the devices stay as they are."""
    row = {
        "site": "hagen",
        "target": "press-plc-9",
        "path": "nordwerk/hagen",
        "interval_s": -1,
        "profile": "schneider-m340",
        "endpoint": {"protocol": "modbus", "host": "127.21.0.99", "port": 1},
    }
    reply = await stack._client.post(stack.url("inventory") + "/v1/targets", json=row)

    assert reply.status_code == 422
    assert "interval_s" in reply.text
    assert await once.found(stack) == []


async def test_garbage_on_every_topic_goes_to_the_dead_letters_and_disturbs_nothing(
    stack: Stack,
) -> None:
    """A wrong protobuf is refused by each reader, byte for byte, and the stream goes on."""
    garbage = b"\xff\xff\xff"
    producer = AIOKafkaProducer(bootstrap_servers=stack.bootstrap_servers)
    async with producer:
        for topic in ("collector.observations.v1", "normalizer.reports.v1"):
            await producer.send_and_wait(topic, garbage, b"hagen/garbage")
        await producer.send_and_wait("inventory.targets.hagen.v1", garbage, b"hagen/garbage")

    for service in ("normalizer", "inventory", "alerting", "collector"):
        async with asyncio.timeout(30):
            while garbage not in await letters(stack, service):
                await asyncio.sleep(0.5)
    assert await once.found(stack) == []


async def test_no_device_was_written_to_or_met_twice_at_once(stack: Stack) -> None:
    """The devices' own record, after everything above."""
    assert once.harm(await stack.get("control", "/record")) == []


def compiled(folder: Path, name: str) -> type[Message]:
    """A message class made from the `.proto` files, apart from the classes in this process."""
    target = folder / "descriptors.pb"
    sources = sorted(str(p.relative_to(ROOT / "proto")) for p in (ROOT / "proto").rglob("*.proto"))
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I", ".", "-I", str(well_known)]
    command += ["--include_imports", f"--descriptor_set_out={target}", *sources]
    subprocess.run(command, cwd=ROOT / "proto", check=True)
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(target.read_bytes()).file:
        pool.Add(file)
    kind: type[Message] = message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
    return kind


async def everything(servers: str, topic: str) -> AsyncIterator[Any]:
    """Every record that the topic holds now."""
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False)
    async with consumer:
        partitions = [TopicPartition(topic, p) for p in range(12)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        left = {tp for tp in partitions if await consumer.position(tp) < ends[tp]}
        while left:
            for tp, records in (await consumer.getmany(timeout_ms=500)).items():
                for record in records:
                    yield record
                if await consumer.position(tp) >= ends[tp]:
                    left.discard(tp)


async def asset_at(stack: Stack, source: str) -> dict[str, Any]:
    assets = await stack.items("inventory", "/v1/assets")
    (found,) = [a for a in assets if source in a["sources"]]
    return found


async def until(stack: Stack, source: str, field: str, value: str) -> dict[str, Any]:
    """The asset behind `source`, once its field has the value; services may be away meanwhile."""
    async with asyncio.timeout(60):
        while True:
            try:
                asset = await asset_at(stack, source)
                if asset[field] == value:
                    return asset
            except (ValueError, httpx.HTTPError):
                pass
            await asyncio.sleep(0.3)


async def changes_of(stack: Stack, asset_id: str, kind: int) -> list[Change]:
    """The asset's changes of one kind, in order, a repeated record counted once."""
    found: dict[str, Change] = {}
    async for record in everything(stack.bootstrap_servers, "inventory.changes.v1"):
        change = Change.FromString(record.value)
        if (change.asset_id, change.kind) == (asset_id, kind):
            found.setdefault(change.id, change)
    return list(found.values())


async def transitions_without_a_gap(stack: Stack) -> bool:
    steps: dict[str, Counter[int]] = {}
    async for record in everything(stack.bootstrap_servers, "alerting.transitions.v1"):
        step = Transition.FromString(record.value)
        steps.setdefault(step.alarm_id, Counter())[step.seq] += 1
    return all(sorted(seqs) == list(range(1, len(seqs) + 1)) for seqs in steps.values())


async def letters(stack: Stack, service: str) -> list[bytes]:
    return [r.value async for r in everything(stack.bootstrap_servers, f"{service}.dlq")]
