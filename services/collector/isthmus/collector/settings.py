"""What the collector reads from the environment."""

import socket
from pathlib import Path

from pydantic import Field

from isthmus.runtime.settings import Group, Kafka
from isthmus.runtime.settings import Settings as Common


class Collector(Group):
    """Which site this process reads, and its name."""

    site: str = Field(pattern=r"^[a-z0-9-]+$")
    """Site whose targets are read; addresses are unique within a site only."""
    name: str = Field(default_factory=socket.gethostname, min_length=1)
    """Name of this process, in each Observation; the pod's name."""
    polls_max: int = Field(default=500, ge=1)
    """Most reads at the same time; bounds sockets and memory."""
    unpublished_records_max: int = Field(default=20_000, ge=100)
    """Observations kept while Kafka is away; beyond it the oldest are dropped, and counted."""


class Credentials(Group):
    """Where the devices' credentials are."""

    file: Path | None = None
    """Mounted YAML file, name by name; read again when it changes."""


class Membership(Kafka):
    """Kafka, with a session as short as a dead collector's devices may stay unread."""

    session_timeout_s: float = Field(default=10, ge=8, le=300)
    """Seconds without a heartbeat after which Kafka gives our targets to another collector."""


class Settings(Common):
    """Settings of the collector."""

    kafka: Membership
    collector: Collector
    credentials: Credentials = Credentials()
