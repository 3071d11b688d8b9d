"""Zone records: the rules of the site and its zones, as the topic says them now."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import structlog
from google.protobuf.json_format import MessageToDict
from pydantic import TypeAdapter

from isthmus.collector.domain.envelope import Envelope, Zone
from isthmus.collector.handlers.fields import checked
from isthmus.runtime.codec import Outgoing, decode
from isthmus.runtime.consume import Raw, dead_letter
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1 import envelope_pb2 as pb

log = structlog.get_logger()
RULES: TypeAdapter[Zone] = TypeAdapter(Zone)
NOT_RULES = ("site", "updated_at", "updated_by")


class Zones:
    """Keeps the engine in step with the zones of its site.

    Rules that cannot be understood might have been a stop: what stands below them is paused,
    with the reason, until someone mends them.
    """

    def __init__(
        self,
        site: str,
        govern: Callable[[Iterable[Zone]], None],
        put: Callable[[Outgoing], None],
    ) -> None:
        self._site = site
        self._govern = govern
        self._put = put
        self._zones: dict[str, Zone] = {}

    async def take(self, records: Sequence[Raw]) -> None:
        """Take records, each partition in order; the engine hears of all of them at once."""
        for record in records:
            self._apply(record)
        self._govern(self._zones.values())

    def want(self, zones: Iterable[Mapping[str, Any]]) -> None:
        """Have these zones and no others, each with a Zone's fields; raises Rejected."""
        wanted = [self._rules(fields, key=None) for fields in zones]
        self._zones = {zone.path: zone for zone in wanted}
        self._govern(self._zones.values())

    def _apply(self, record: Raw) -> None:
        path = self._path((record.key or b"").decode(errors="replace"))
        try:
            decoded = decode(record, pb.Zone, required=("site",))
            if decoded.message is None:
                if path is not None:
                    self._zones.pop(path, None)
                return
            fields = MessageToDict(decoded.message, preserving_proto_field_name=True)
            zone = self._rules(fields, key=decoded.key)
        except Rejected as error:
            self._refuse(record, error, path)
            return
        self._zones[zone.path] = zone

    def _rules(self, fields: Mapping[str, Any], key: str | None) -> Zone:
        site, path = fields.get("site", ""), fields.get("path", "")
        own = f"{site}/{path}" if path else site
        if site != self._site or key not in (None, own):
            raise Rejected(f"{own}: stands at key {key!r} of site {self._site!r}")
        rules = {name: value for name, value in fields.items() if name not in NOT_RULES}
        return checked(RULES, rules, at=f"zone {own}: ")

    def _path(self, key: str) -> str | None:
        """The path that a record's key means; None when it is not of this site."""
        site, _, path = key.partition("/")
        return path if site == self._site else None

    def _refuse(self, record: Raw, error: Rejected, path: str | None) -> None:
        log.error("zone_rejected", offset=record.offset, reason=str(error))
        self._put(dead_letter(record, error, "collector"))
        if path is not None:
            reason = f"its rules are not understood: {error}"
            self._zones[path] = Zone(path, Envelope(paused=True, reason=reason))
