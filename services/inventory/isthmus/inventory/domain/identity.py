"""Which assets a report is about, decided by the keys that it brings and who holds them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from isthmus.inventory.domain.model import Asset, Key, Report, Tier, place


@dataclass(frozen=True, slots=True)
class Match:
    """The assets that are the reported device, and the one that it displaced."""

    same: tuple[Asset, ...]
    """Oldest first: none means a new asset, several that they must be merged."""
    displaced: Asset | None
    """Held the place of the report's source, but is another device."""


def resolve(report: Report, holders: Mapping[str, Asset]) -> Match:
    """Decide by `holders`, the assets that hold the report's claims and still show them.

    A unique key decides. A strong key decides unless the asset has proven to be another device
    (a veto: both have unique keys of one kind and share none). A weak key decides only while
    nothing that is stronger speaks against it.
    """
    same: list[Asset] = []
    known = set(report.keys)
    for key in report.claims:
        asset = holders.get(key.id)
        if asset and asset not in same and _admits(key, asset, known, first=not same):
            same.append(asset)
            known |= asset.keys
    at_place = holders.get(place(report.site, report.source).id)
    return Match(
        same=tuple(sorted(same, key=lambda asset: (asset.discovered_at, asset.id))),
        displaced=at_place if at_place and at_place not in same else None,
    )


def _admits(key: Key, asset: Asset, known: Iterable[Key], *, first: bool) -> bool:
    if key.tier <= Tier.UNIQUE and first:
        return True
    # A device that keeps its place may have got another network card, but two assets that
    # differ in their network cards are not one because of a host name or a place.
    strict = key.tier is Tier.WEAK and not (first and key.kind == "source")
    return not _contradict(asset.keys, known, Tier.STRONG if strict else Tier.UNIQUE)


def _contradict(some: Iterable[Key], others: Iterable[Key], weakest: Tier) -> bool:
    """Whether both have keys of one kind, up to `weakest`, and share none of that kind."""
    mine, theirs = _by_kind(some, weakest), _by_kind(others, weakest)
    return any(mine[kind].isdisjoint(theirs[kind]) for kind in mine.keys() & theirs.keys())


def _by_kind(keys: Iterable[Key], weakest: Tier) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for key in keys:
        if key.tier <= weakest:
            found.setdefault((key.scope, key.kind), set()).add(key.value)
    return found
