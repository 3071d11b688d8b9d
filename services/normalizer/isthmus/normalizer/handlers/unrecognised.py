"""What no rule knows, once for each look of a device: the list of who writes the next rule."""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC
from functools import lru_cache

from google.protobuf.timestamp_pb2 import Timestamp

from isthmus.normalizer.domain import canonical
from isthmus.normalizer.domain.catalog import Catalog, base
from isthmus.normalizer.domain.families import OID
from isthmus.normalizer.domain.observation import Device
from isthmus.normalizer.domain.report import Identity, Report
from isthmus.normalizer.handlers.observations import source_name
from isthmus.runtime.codec import Outgoing, decode, encode
from isthmus.runtime.consume import Raw
from isthmus.telemetry.v1 import observation_pb2, unrecognised_pb2

TOPIC = "normalizer.unrecognised.v1"
LOOKS_MAX = 2_000
SOURCES_MAX = 1_000
SAID_EVERY_S = 86_400  # the topic forgets what nobody says for a month
SAMPLE_FACTS = 24
FINGERPRINT_DIGITS = 16
# Of one device, not of all that look like it.
OWN = ("serial", "name", "location", "asset_tag")
_NUMBER = re.compile(r"\d+")


@dataclass
class Look:
    """One way to look, as it was met on one partition."""

    since: Timestamp
    sources: set[str] = field(default_factory=set)
    said_count: int = 0
    said_s: int = 0


class Unrecognised:
    """Counts the sources of each look; says so when their number has doubled, and once a day."""

    def __init__(self) -> None:
        self._looks: OrderedDict[tuple[str, int], Look] = OrderedDict()
        self._fingerprints: OrderedDict[Identity, str] = OrderedDict()

    def saw(
        self,
        report: Report,
        device: Device | None,
        message: observation_pb2.Observation,
        partition: int,
        catalog: Catalog,
    ) -> list[Outgoing]:
        """One device that no rule knows whole was met; what is to be published of it.

        `device` is what it said; None for a part of another one.
        """
        name = source_name(message, report.device)
        fingerprint = self._fingerprint(report, message.protocol, device, catalog)
        look = self._look((fingerprint, partition), message.observed_at)
        if len(look.sources) < SOURCES_MAX:
            look.sources.add(name)
        count, now_s = len(look.sources), message.observed_at.seconds
        if count < 2 * look.said_count and now_s - look.said_s < SAID_EVERY_S:
            return []
        look.said_count, look.said_s = count, now_s
        sample = _sample(report, device, catalog)
        made = unrecognised_pb2.Unrecognised(
            fingerprint=fingerprint,
            missing=report.identity.unrecognised,
            protocol=message.protocol,
            profile=message.profile,
            fact=sample.keys(),
            text=sample.values(),
            source=name,
            count=count,
            since_at=look.since,
            last_at=message.observed_at,
            partition=partition,
            catalog=catalog.fingerprint,
        )
        key = f"{fingerprint}/{partition}"
        at = message.observed_at.ToDatetime(UTC)
        return [encode(made, topic=TOPIC, key=key, id=key, source="normalizer", at=at)]

    def _fingerprint(
        self, report: Report, protocol: str, device: Device | None, catalog: Catalog
    ) -> str:
        known = self._fingerprints.get(report.identity)
        if known is None:
            sample = _sample(report, device, catalog)
            looks = "\0".join(f"{n}={_NUMBER.sub('#', text)}" for n, text in sorted(sample.items()))
            words = "\0".join((protocol, *report.identity.unrecognised, looks))
            known = hashlib.sha256(words.encode()).hexdigest()[:FINGERPRINT_DIGITS]
            self._fingerprints[report.identity] = known
            if len(self._fingerprints) > LOOKS_MAX:
                self._fingerprints.popitem(last=False)
        return known

    def _look(self, place: tuple[str, int], at: Timestamp) -> Look:
        look = self._looks.get(place)
        if look is None:
            look = self._looks[place] = Look(at)
            if len(self._looks) > LOOKS_MAX:
                self._looks.popitem(last=False)
        return look


def _sample(report: Report, device: Device | None, catalog: Catalog) -> dict[str, str]:
    """What the device says that a rule may read, without what is its own alone."""
    if device is None:  # a part: what it says is what became its attributes
        said = {a.name: a.raw for a in report.identity.attributes if a.name not in OWN}
        return {name: canonical.text(raw) for name, raw in said.items() if raw}
    wanted = _rule_facts(catalog)
    found = zip(device.facts, device.texts, strict=True)
    told = [(name, canonical.text(text)) for name, text in found if base(name) in wanted and text]
    return dict(told[:SAMPLE_FACTS])


@lru_cache(1)
def _rule_facts(catalog: Catalog) -> frozenset[str]:
    """Facts that rules read, without those that are one device's own."""
    own, others = set[str](), {base(name) for name in catalog.families.facts} | {OID}
    for sources in catalog.sources.values():
        for attribute, names in sources.items():
            (own if attribute in OWN else others).update(base(name) for name in names)
    return frozenset(others - own)


def lines(records: Iterable[Raw]) -> Iterator[str]:
    """The list for a person: the newest record of each key, the parts of a look added up."""
    newest = {record.key: record for record in records}
    found: dict[str, list[unrecognised_pb2.Unrecognised]] = {}
    for record in newest.values():
        look = decode(record, unrecognised_pb2.Unrecognised, required=("fingerprint",)).message
        if look is not None:
            found.setdefault(look.fingerprint, []).append(look)
    for count, looks in sorted(((_count(looks), looks) for looks in found.values()), key=_first):
        last = max(looks, key=lambda look: look.last_at.seconds)
        at = last.last_at.ToJsonString()
        yield f"{count} x {last.fingerprint}: {', '.join(last.missing)} unknown; last {at}"
        yield f"  {last.source} ({last.protocol}, profile {last.profile or 'none'})"
        yield from (f"  {n}: {text}" for n, text in zip(last.fact, last.text, strict=True))
    yield f"{len(found)} looks that no rule knows"


def _count(looks: Iterable[unrecognised_pb2.Unrecognised]) -> int:
    return sum(look.count for look in looks)


def _first(counted: tuple[int, list[unrecognised_pb2.Unrecognised]]) -> tuple[int, str]:
    return -counted[0], counted[1][0].fingerprint
