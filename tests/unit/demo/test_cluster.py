"""A cluster outlives one of its brokers: every topic of its own has three copies, two in sync."""

from pathlib import Path

from isthmus.demo.cluster import PORTS, Cluster, lasting_ports


def test_the_brokers_are_one_quorum_and_each_has_its_own_ports() -> None:
    """Three voters under the same names everywhere; six ports, none of them twice."""
    settings = [node._settings() for node in Cluster(Path("/nowhere"), []).nodes]

    assert len({s["controller.quorum.voters"] for s in settings}) == 1
    assert [s["node.id"] for s in settings] == [1, 2, 3]
    assert len({address for s in settings for address in str(s["listeners"]).split(",")}) == 6
    assert len({s["log.dirs"] for s in settings}) == 3


def test_a_record_is_acknowledged_only_when_two_brokers_have_it() -> None:
    """What was acknowledged outlives any one broker."""
    for node in Cluster(Path("/nowhere"), []).nodes:
        settings = node._settings()
        assert settings["default.replication.factor"] == 3
        assert settings["min.insync.replicas"] == 2
        assert settings["offsets.topic.replication.factor"] == 3


def test_a_broker_that_comes_back_finds_its_port_free() -> None:
    """No port from the range that Linux gives to clients."""
    ports = lasting_ports(20)

    assert len(set(ports)) == 20
    assert set(ports) <= set(PORTS)
