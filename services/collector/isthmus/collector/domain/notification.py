"""What a device says by itself: a trap or an inform."""

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from isthmus.collector.domain.schedule import NAMESPACE, Identity


@dataclass(frozen=True, slots=True)
class Notification:
    """One trap or inform, as it came."""

    address: str
    """IP address that it came from."""
    request_id: int | None = None
    """The same when an inform is sent again; a trap of version 1 has none."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """Texts, `snmpTrapOID` among them."""
    points: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    """Numbers with their unit, `sysUpTime` among them."""

    def id(self, identity: Identity) -> str:
        """Id of its Observation (RFC 9562, version 5): a retransmission makes the same one."""
        said = [self.request_id, sorted(self.facts.items()), sorted(self.points.items())]
        digest = hashlib.blake2b(json.dumps(said).encode(), digest_size=16).hexdigest()
        return str(uuid.uuid5(NAMESPACE, f"{identity.name}|notification|{digest}"))
