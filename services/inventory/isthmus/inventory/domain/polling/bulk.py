"""Many targets or zones at once: what becomes of each row, and what a site's rules say of it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network

from isthmus.inventory.domain.polling import endpoints
from isthmus.inventory.domain.polling.targets import Target
from isthmus.inventory.domain.polling.zones import Zone
from isthmus.inventory.domain.rows import Invalid

ROWS_MAX = 2_000
DETECTED = "auto"
"""The profile by which a collector finds out which one fits."""


class BulkVerdict(StrEnum):
    """What became of a row, or would in a dry run."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class BulkRow:
    """One row as somebody wrote it, by the number that they know it by."""

    number: int
    """That a spreadsheet shows beside it, or its place in a list, from 1."""
    content: object


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What became of one row."""

    row: int
    id: str
    """Empty where the row does not say it."""
    verdict: BulkVerdict
    field: str = ""
    reason: str = ""
    """Why it was refused: the value, and what was expected."""
    notes: tuple[str, ...] = ()
    """What else somebody may want to know of it."""


def refusal(row: int, id: str, error: Invalid) -> BulkResult:
    """The result of a row that cannot be taken."""
    return BulkResult(row, id, BulkVerdict.REFUSED, error.field, error.reason)


def counted(results: Iterable[BulkResult]) -> Mapping[BulkVerdict, int]:
    """How many rows have each verdict."""
    found = Counter(each.verdict for each in results)
    return {verdict: found[verdict] for verdict in BulkVerdict}


@dataclass(frozen=True, slots=True)
class TargetRules:
    """What is known of sites, by which a target that nobody would poll is found out early."""

    zones: Mapping[str, Sequence[Zone]]
    """Of each site."""
    profiles: frozenset[str]
    """Those that targets have."""

    def check(self, target: Target) -> None:
        """Raise Invalid when a zone says that nothing may be sent there."""
        address = endpoints.address(target.endpoint)
        host = endpoints.split(address)[0] if address else ""
        for zone in self._above(target):
            entry = next((e for e in zone.do_not_poll if _names(e, host, target.target)), "")
            if entry:
                raise Invalid("endpoint", f"do_not_poll of zone {zone.id} names {entry!r}")

    def notes(self, target: Target) -> tuple[str, ...]:
        """What is no mistake and may be a surprise."""
        return (*self._paused(target), *self._profile(target))

    def _above(self, target: Target) -> Iterator[Zone]:
        for zone in self.zones.get(target.site, ()):
            if not zone.path or f"{target.path}/".startswith(f"{zone.path}/"):
                yield zone

    def _paused(self, target: Target) -> Iterator[str]:
        for zone in self._above(target):
            if zone.envelope.get("paused"):
                yield f"zone {zone.id} is paused: {zone.envelope['reason']}"

    def _profile(self, target: Target) -> Iterator[str]:
        """Profiles are the collectors' own: what no target has yet may be new, or misspelt."""
        name, known = target.profile, self.profiles
        if name == DETECTED or name in known or not known:
            return
        near = get_close_matches(name, known, 1)
        advice = f"; is it {near[0]}?" if near else ""
        yield f"profile {name!r} is one that no target has yet{advice}"


def _names(entry: str, host: str, target: str) -> bool:
    """Whether an entry of a do-not-poll list names this host or target."""
    if entry in (host.lower(), target):
        return True
    # A name is none of both: only a collector knows which address it has.
    address, network = _network(host), _network(entry)
    return bool(address and network and address.network_address in network)


@lru_cache(maxsize=8192)
def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text)
    except ValueError:
        return None


def crowded(places: Mapping[str, str], holders: Mapping[str, str]) -> dict[str, str]:
    """Whose place another one has, by id, each with the other: none that moves away itself.

    `places` are those that are wanted, by id in the order of their rows; `holders` have them now.
    """
    taken: dict[str, str] = {}
    first: dict[str, str] = {}
    for id, place in places.items():
        holder = holders.get(place, id)
        if holder != id and places.get(holder, place) == place:
            taken[id] = holder
        elif first.setdefault(place, id) != id:
            taken[id] = first[place]
    return taken
