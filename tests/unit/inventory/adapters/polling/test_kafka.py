"""The sites that Kafka knows."""

import pytest

from isthmus.inventory.adapters.polling.kafka import TARGETS, KafkaTopics, complete
from isthmus.runtime.errors import Retryable
from isthmus.runtime.settings import Kafka


def test_a_site_has_all_of_its_topics_or_is_none_yet() -> None:
    """A record for a topic that is missing would hold up all others of its outbox."""
    topics = {f"inventory.{plural}.{site}.v1" for plural in ("targets", "zones", "discoveries")
              for site in ("hagen", "lyon")}  # fmt: skip

    assert complete(topics) == {"hagen", "lyon"}
    assert complete(topics - {"inventory.zones.lyon.v1"}) == {"hagen"}


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
    found = TARGETS.fullmatch(topic)

    assert (found and found[1]) == site


async def test_kafka_that_is_away_can_be_asked_again() -> None:
    """The failure is Retryable and names the servers."""
    with pytest.raises(Retryable, match=r"kafka: 127\.0\.0\.1:9: "):
        await KafkaTopics(Kafka(bootstrap_servers="127.0.0.1:9")).sites()
