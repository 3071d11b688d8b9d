"""The topics command: what it asks for and how it refuses."""

import pytest

from isthmus.runtime import registry, topics


def test_a_topic_of_unknown_shape_is_refused() -> None:
    """The registry's YAML is strict."""
    with pytest.raises(ValueError, match="cleanup"):
        registry.Topic(
            name="a.b.v1", purpose="p", key="k", message="m", writer="a", readers=[],
            sample=None, partitions=1, cleanup="keep",
        )  # fmt: skip


def test_retention_is_given_to_kafka_in_milliseconds() -> None:
    """A week is what the registry says of observations."""
    config = topics.config(registry.registry()["collector.observations.v1"])

    assert config == {"cleanup.policy": "delete", "retention.ms": str(7 * 24 * 3_600_000)}


def test_the_command_without_a_broker_says_so_in_one_line() -> None:
    """No stack trace for a user's mistake."""
    with pytest.raises(SystemExit, match=r"kafka: 127\.0\.0\.1:1"):
        topics.main(["apply", "--bootstrap-servers", "127.0.0.1:1"])


def test_the_command_reads_from_the_environment_how_to_reach_kafka_safely(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A mistake there is named as in a service; the argument wins over the address."""
    monkeypatch.setenv("ISTHMUS_KAFKA__CA_FILE", "/nowhere/ca.pem")
    monkeypatch.setenv("ISTHMUS_COLLECTOR__SITE", "hagen")
    with pytest.raises(SystemExit, match=r"ISTHMUS_KAFKA__CA_FILE: '/nowhere/ca\.pem': Path"):
        topics.main(["apply", "--bootstrap-servers", "127.0.0.1:1"])
