"""The topics command on a real Kafka."""

import asyncio

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from isthmus.runtime import topics
from isthmus.runtime.errors import IsthmusError


async def test_applying_twice_changes_nothing(kafka: str) -> None:
    """GitOps runs it again and again."""
    await topics.apply(kafka, ["here"], 1)

    lines = await topics.apply(kafka, ["here"], 1)

    assert "present inventory.targets.here.v1" in lines
    assert all(line.startswith("present ") for line in lines)


async def test_a_topic_that_someone_changed_is_named_and_left_alone(kafka: str) -> None:
    """Re-keying breaks order, so partitions are never raised in place, by us or by hand."""
    await topics.apply(kafka, ["changed"], 1)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_partitions({"inventory.targets.changed.v1": NewPartitions(13)})

    await asyncio.sleep(2)  # the broker's metadata shows new partitions a little later

    with pytest.raises(IsthmusError, match=r"changed\.v1: 13 partitions, expected 12"):
        await topics.apply(kafka, ["changed"], 1)

    await admin.delete_topics(["inventory.targets.changed.v1"])
    await admin.close()
