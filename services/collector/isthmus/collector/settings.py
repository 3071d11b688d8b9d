"""What the collector reads from the environment."""

import socket
from ipaddress import ip_network
from pathlib import Path
from typing import Self

from pydantic import DirectoryPath, Field, FilePath, model_validator

from isthmus.runtime.settings import Group, Kafka
from isthmus.runtime.settings import Settings as Common


class Collector(Group):
    """Which site this process reads, and its name."""

    site: str = Field(pattern=r"^[a-z0-9-]+$")
    """Site whose targets are read; addresses are unique within a site only."""
    name: str = Field(default_factory=socket.gethostname, min_length=1)
    """Name of this process, in each Observation; the pod's name."""
    discovery: bool = False
    """Run discovery jobs: ask hosts that are no targets yet what they are, slowly."""
    polls_max: int = Field(default=500, ge=1)
    """Most requests at the same time; failing devices have a quarter more of their own, so that
    they never take a place from those that answer."""
    touches_interval_s: float = Field(default=60, ge=1, le=3600)
    """Seconds between two records of the touch ledger for one endpoint."""
    unpublished_records_max: int = Field(default=20_000, ge=100)
    """Records kept in memory while Kafka is away; beyond it superseded ones go first, counted."""


class Credentials(Group):
    """Where the devices' credentials are."""

    file: Path | None = None
    """Mounted YAML file, name by name; read again when it changes. A name that is not in it is
    looked for in the environment, as `ISTHMUS_CREDENTIAL_<NAME>`."""


class Spool(Group):
    """What is kept while Kafka is away, so that neither a crash nor a lost link loses a read."""

    folder: Path | None = None
    """Folder of the spool, on a disk that outlives the process; without it, memory is all."""
    max_mb: int = Field(default=512, ge=1)
    """Megabytes (10^6 bytes) of disk; when full, the oldest superseded samples go first."""
    max_age_s: float = Field(default=604_800, gt=0)
    """Seconds after which a record is dropped, published or not."""
    replay_records_per_s: int = Field(default=500, ge=10)
    """Most old records published in a second, behind the live ones, once Kafka is back."""


class Targets(Group):
    """Where targets come from, when not from Kafka."""

    file: FilePath | None = None
    """YAML file with the targets and zones of a small site, taken anew when it changes; this
    process alone then owns the site. Needs the spool's folder, whose lock keeps others out."""


class Profiles(Group):
    """Where device profiles are, beside those that are shipped."""

    folder: DirectoryPath | None = None
    """Folder with the plant's own profiles; they go before shipped ones of the same name."""


class Traps(Group):
    """SNMP traps and informs, which devices send by themselves; off unless there is a port."""

    host: str = "127.0.0.1"
    """Address to listen on; `0.0.0.0` in a pod."""
    port: int | None = Field(default=None, ge=0, le=65535)
    """UDP port to listen on, for example 1162 behind a service's port 162; 0 takes a free one."""
    sources: str = ""
    """Networks that may send, in CIDR notation, separated by commas; whoever sends must be the
    address of a target as well."""
    credentials: str = ""
    """Names of the communities and users that are accepted, separated by commas."""
    rate_per_s: float = Field(default=5, gt=0, le=1000)
    """Traps and informs a second from one source; what is more is dropped, and counted."""
    burst_max: int = Field(default=20, ge=1, le=10_000)
    """Traps and informs that may come from one source at once after a rest."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.port is not None and not (self.sources and self.credentials):
            raise ValueError("sources and credentials: expected both when there is a port")
        for source in words(self.sources):
            ip_network(source)
        return self


def words(text: str) -> list[str]:
    """The words of a setting that are separated by commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


class Membership(Kafka):
    """Kafka, with a session as short as a dead collector's devices may stay unread."""

    session_timeout_s: float = Field(default=10, ge=8, le=300)
    """Seconds without a heartbeat after which Kafka gives our targets to another collector."""


class Settings(Common):
    """Settings of the collector."""

    kafka: Membership
    collector: Collector
    credentials: Credentials = Credentials()
    profiles: Profiles = Profiles()
    spool: Spool = Spool()
    traps: Traps = Traps()
    targets: Targets = Targets()
