"""Target records: what this process owns, started, changed and stopped as the topic says."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from google.protobuf.json_format import MessageToDict, SerializeToJsonError
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from isthmus.collector.domain.envelope import Envelope
from isthmus.collector.domain.schedule import Identity
from isthmus.collector.handlers.fields import checked, mistake
from isthmus.collector.handlers.observations import Origin
from isthmus.collector.handlers.polling import Engine
from isthmus.collector.handlers.recognition import source as source_of
from isthmus.collector.ports import Credentials, Endpoint, Profiles
from isthmus.runtime.codec import Outgoing, decode
from isthmus.runtime.consume import Raw, dead_letter
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1.target_pb2 import Target

log = structlog.get_logger()

AT_ONCE = 50  # targets that are started without a breath for the event loop
REQUIRED = ("site", "target", "interval_s", "profile", "endpoint")
WORD = r"^[a-z0-9-]+$"


class Row(BaseModel):
    """The fields of a Target beside its endpoint."""

    model_config = ConfigDict(frozen=True)

    site: str = Field(pattern=WORD)
    target: str = Field(pattern=WORD)
    path: str = ""
    interval_s: float = Field(ge=0.1, le=86_400)
    profile: str = Field(pattern=WORD)


@dataclass(frozen=True)
class Desired:
    """One target as its record wants it; equal when nothing has to be done."""

    row: Row
    endpoint: Endpoint
    envelope: Envelope

    def same_connection(self, other: "Desired") -> bool:
        """Is the envelope all that differs?"""
        return (self.row, self.endpoint) == (other.row, other.endpoint)


ROW: TypeAdapter[Row] = TypeAdapter(Row)
ENVELOPE: TypeAdapter[Envelope] = TypeAdapter(Envelope)


class Targets:
    """The owner of target partitions: keeps the engine in step with the topic."""

    def __init__(
        self,
        site: str,
        collector: str,
        engine: Engine,
        endpoint: Callable[[Mapping[str, Any]], Endpoint],
        *,
        profiles: Profiles,
        credentials: Credentials,
        put: Callable[[Outgoing], None],
    ) -> None:
        self._site = site
        self._collector = collector
        self._engine = engine
        self._endpoint = endpoint
        self._profiles = profiles
        self._credentials = credentials
        self._put = put
        self._loading: dict[int, dict[bytes | None, Raw]] = {}
        self._owned: dict[int, dict[str, Desired]] = {}
        self._refused: dict[tuple[int, bytes | None], int] = {}

    async def take(self, records: Sequence[Raw]) -> None:
        """Keep the last record of each key while a partition loads; apply it at once after that."""
        latest: dict[tuple[int, bytes | None], Raw] = {}
        for record in records:
            if record.partition in self._owned:
                latest[record.partition, record.key] = record
            else:
                self._loading.setdefault(record.partition, {})[record.key] = record
        async with asyncio.TaskGroup() as group:  # a target that is slow to stop delays no other
            for record in latest.values():
                group.create_task(self._apply(record))

    def share(self, part: float) -> None:
        """Take that part of what the site's budgets allow."""
        self._engine.share(part)

    async def loaded(self, partition: int) -> None:
        """Start what stands on the partition."""
        self._owned[partition] = {}
        for number, record in enumerate(self._loading.pop(partition, {}).values()):
            await self._apply(record)
            if number % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)
        log.debug("partition_loaded", partition=partition, targets=len(self._owned[partition]))

    async def release(self, partitions: Iterable[int] | None = None) -> None:
        """Stop every target of `partitions`."""
        self._loading.clear()
        released = list(self._owned) if partitions is None else list(partitions)
        await self._engine.stop(name for p in released for name in self._owned.get(p, {}))
        for partition in released:
            self._owned.pop(partition, None)

    async def want(self, partition: int, name: str, fields: Mapping[str, Any] | None) -> None:
        """Poll `site/target` as `fields` say, a Target's in JSON form; None stops it.

        Touches that target's connection alone, and only where it has to. Raises Rejected; then
        the target is not polled, because what is wanted of it cannot be done.
        """
        owned = self._owned.setdefault(partition, {})
        try:
            desired = None if fields is None else self._desired(name, fields)
            known = owned.get(name)
            if desired and known and desired.same_connection(known):
                owned[name] = desired
                self._engine.bound(name, desired.envelope)
                return
            start = self._starter(desired) if desired else None
        except Rejected:
            await self._stop(owned, name)
            raise
        await self._stop(owned, name)
        if start and desired:
            start()
            owned[name] = desired

    async def _stop(self, owned: dict[str, Desired], name: str) -> None:
        if name in owned:
            await self._engine.stop([name])
            owned.pop(name, None)

    async def _apply(self, record: Raw) -> None:
        name = (record.key or b"").decode(errors="replace")
        try:
            fields = target_fields(record)
            await self.want(record.partition, name, fields)
        except Rejected as error:
            await self._stop(self._owned[record.partition], name)
            self._refuse(record, error)

    def _desired(self, name: str, fields: Mapping[str, Any]) -> Desired:
        row = checked(ROW, {k: fields[k] for k in Row.model_fields if k in fields}, at=f"{name}: ")
        if row.site != self._site or name != f"{row.site}/{row.target}":
            raise Rejected(
                f"{row.site}/{row.target}: stands at key {name!r} of site {self._site!r}"
            )
        envelope = checked(ENVELOPE, fields.get("envelope", {}), at=f"{name}: envelope.")
        try:
            return Desired(row, self._endpoint(fields.get("endpoint", {})), envelope)
        except ValidationError as error:
            raise Rejected(f"{name}: endpoint.{mistake(error)}") from error

    def _starter(self, desired: Desired) -> Callable[[], None]:
        row, endpoint = desired.row, desired.endpoint
        source = source_of(endpoint, row.profile, self._profiles, self._credentials)
        origin = Origin(
            identity=Identity(row.site, row.target),
            path=row.path,
            protocol=endpoint.protocol,
            profile=row.profile,
            address=endpoint.address,
            interval_s=row.interval_s,
            collector=self._collector,
        )
        return lambda: self._engine.start(origin, source, endpoint.timeout_s, desired.envelope)

    def _refuse(self, record: Raw, error: Rejected) -> None:
        place = record.partition, record.key
        if self._refused.get(place) == record.offset:
            return  # read again after a rebalance; it is in the dead-letter topic already
        self._refused[place] = record.offset
        log.error(
            "target_rejected", partition=record.partition, offset=record.offset, reason=str(error)
        )
        self._put(dead_letter(record, error, "collector"))


def target_fields(record: Raw) -> Mapping[str, Any] | None:
    """The fields of a Target record, None for a tombstone; raises Rejected."""
    decoded = decode(record, Target, required=REQUIRED)
    if decoded.message is None:
        return None
    try:
        return MessageToDict(decoded.message, preserving_proto_field_name=True)
    except SerializeToJsonError as error:  # JSON has no infinity
        raise Rejected(f"{decoded.key}: endpoint: {error}") from error
