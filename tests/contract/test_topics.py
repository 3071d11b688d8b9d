"""The topic registry agrees with itself and with the code."""

import re

from isthmus.runtime.registry import registry
from isthmus.runtime.topics import expand

SERVICES = {"collector", "normalizer", "inventory", "alerting"}


def test_each_topic_is_named_after_its_one_writer() -> None:
    """Names are `<writer>.<plural>[.<site>].v<major>`, or `<service>.dlq`."""
    for name, topic in registry().items():
        assert name.split(".")[0] == topic.writer
        assert re.fullmatch(r"[a-z]+\.([a-z]+(\.<site>)?\.v[1-9][0-9]*|dlq)", name)
        assert {topic.writer, *topic.readers} <= SERVICES


def test_every_service_has_a_dead_letter_topic_that_takes_any_record() -> None:
    """A record that was refused is larger than what it was refused from: headers are added."""
    for service in SERVICES:
        letters = registry()[f"{service}.dlq"]
        assert letters.cleanup == "delete"
        assert letters.max_message_bytes is not None
        assert letters.max_message_bytes > 1_048_588  # Kafka's default limit


def test_state_is_compacted_and_facts_are_kept_for_a_stated_time() -> None:
    """The newest record of each key for ever, or what is stated: all of it, or the newest only."""
    for topic in registry().values():
        assert topic.cleanup in ("compact", "delete", "compact,delete")
        assert ("delete" in topic.cleanup) == (topic.retention_hours is not None)


def test_a_topic_of_sites_becomes_one_for_each_site() -> None:
    """Sites stand in the name, so that a site's rights can end at its prefix."""
    names = [topic.name for topic in expand(["hagen", "lyon"])]

    assert "inventory.targets.hagen.v1" in names
    assert "inventory.targets.lyon.v1" in names
    assert not any("<" in name for name in names)
    assert names.count("collector.observations.v1") == 1
