"""Ports stay from run to run, unless someone else has taken one."""

import socket
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from isthmus.demo.kafka import free_port
from isthmus.demo.ports import Ports


def test_the_ports_of_the_last_run_are_used_again(tmp_path: Path) -> None:
    """Addresses of devices are part of their weak identity."""
    first = Ports.remembered(tmp_path / "ports.json")

    assert Ports.remembered(tmp_path / "ports.json") == first


def test_a_port_that_is_taken_is_replaced_by_a_free_one(tmp_path: Path) -> None:
    """Another demo, or anything else, may be running."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        port = taken.getsockname()[1]
        (tmp_path / "ports.json").write_text(f'{{"kafka": {port}}}')

        assert Ports.remembered(tmp_path / "ports.json").kafka != port


def test_free_ports_are_all_different() -> None:
    """Ten services, ten ports."""
    ports = list(asdict(Ports.free()).values())

    assert len(set(ports)) == len(ports)
