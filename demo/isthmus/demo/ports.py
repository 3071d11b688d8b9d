"""The ports of one demo, kept from run to run so that addresses of devices and pages stay."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self

from isthmus.demo.kafka import free_port


@dataclass(frozen=True)
class Ports:
    """Loopback ports; the numbers are what is tried first."""

    kafka: int = 19092
    store: int = 27117
    control: int = 18080
    modbus: int = 15020
    snmp: int = 16100
    opcua: int = 14840
    inventory: int = 18081
    alerting: int = 18082
    normalizer: int = 18083
    collector_1: int = 18091
    collector_2: int = 18092
    collector_3: int = 18093

    @property
    def collectors(self) -> tuple[int, ...]:
        """One for each site."""
        return self.collector_1, self.collector_2, self.collector_3

    @classmethod
    def remembered(cls, file: Path) -> Self:
        """The ports of the last run where they are free, and others where they are not."""
        known = json.loads(file.read_text()) if file.exists() else {}
        preferred = cls(**{f.name: known[f.name] for f in fields(cls) if f.name in known})
        chosen = cls(**{n: p if _free(p) else free_port() for n, p in asdict(preferred).items()})
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(chosen)))
        return chosen

    @classmethod
    def free(cls) -> Self:
        """Ports that nobody uses now, for a test beside other runs."""
        with ExitStack() as held:  # all at once, so that no two are the same
            return cls(**{f.name: held.enter_context(_held()) for f in fields(cls)})


@contextmanager
def _held() -> Iterator[int]:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        yield int(probe.getsockname()[1])


def _free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with closing(socket.socket(type=kind)) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
