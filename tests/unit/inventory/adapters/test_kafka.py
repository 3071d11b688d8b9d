"""The sites that Kafka knows."""

import pytest

from isthmus.inventory.adapters.kafka import TOPIC, KafkaTopics
from isthmus.runtime.errors import Retryable


@pytest.mark.parametrize(
    ("topic", "site"),
    [
        ("inventory.targets.hagen.v1", "hagen"),
        ("inventory.targets.plant-7.v1", "plant-7"),
        ("inventory.targets.hagen.v2", None),
        ("inventory.assets.v1", None),
    ],
)
def test_a_site_is_read_from_its_topic(topic: str, site: str | None) -> None:
    """Only topics of this version of the message count."""
    found = TOPIC.fullmatch(topic)

    assert (found and found[1]) == site


async def test_kafka_that_is_away_can_be_asked_again() -> None:
    """The failure is Retryable and names the servers."""
    with pytest.raises(Retryable, match=r"kafka: 127\.0\.0\.1:9: "):
        await KafkaTopics("127.0.0.1:9").sites()
