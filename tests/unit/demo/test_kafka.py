"""The broker's jars are the recorded ones, and it listens on loopback only."""

from pathlib import Path

import pytest

from isthmus.demo import kafka, store


def test_every_jar_has_its_recorded_digest() -> None:
    """46 jars, SHA-256 each."""
    digests = kafka.recorded_digests()

    assert len(digests) == 46
    assert f"kafka_2.13-{kafka.VERSION}.jar" in digests
    assert all(len(digest) == 64 for digest in digests.values())


def test_a_jar_that_is_another_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is run was seen before, or is not run."""
    jar = tmp_path / f"kafka_2.13-{kafka.VERSION}.jar"
    jar.write_bytes(b"something else")
    monkeypatch.setattr("jgo.build", lambda *_, **__: type("E", (), {"all_jars": [jar]}))

    with pytest.raises(kafka.BrokenDownload, match="SHA-256"):
        kafka.jars(tmp_path)


def test_the_broker_listens_on_loopback_and_makes_no_topics() -> None:
    """A demo must not be reachable from outside."""
    properties = kafka.Kafka(Path("/nowhere"), [], 19092)._properties()

    listeners = next(line for line in properties.splitlines() if line.startswith("listeners="))
    assert listeners.count("127.0.0.1") == 2
    assert "auto.create.topics.enable=false" in properties


def test_the_store_is_a_process_of_its_own(tmp_path: Path) -> None:
    """It is GPL-2.0: run, never imported."""
    command = store.command(tmp_path / "data", 27117)

    assert command[0].endswith("secantusd-py")
    assert store.uri(27117) == "mongodb://127.0.0.1:27117"
