"""Product families: what is known of a kind of device, and how one of them is recognised."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

OID = "sysObjectID"
OID_ARCS_MAX = 128  # RFC 2578, 3.5
ATTRIBUTES = frozenset(
    {"vendor", "model", "serial", "order_code", "hardware", "firmware", "software", "name"}
)


class Match(Protocol):
    """Where a pattern was found."""

    def groupdict(self) -> Mapping[str, str | None]:
        """The text of each named group."""
        ...


class Pattern(Protocol):
    """A regular expression that takes time linear in the text."""

    @property
    def pattern(self) -> str:
        """How it is written."""
        ...

    def search(self, text: str) -> Match | None:
        """Where it is in `text`."""
        ...


Union = Callable[[str], Sequence[int]]
"""Which of many patterns are in a text, in one pass."""
Unite = Callable[[Sequence[Pattern]], Union]


class Rank(IntEnum):
    """How specific the evidence for a family is; more wins."""

    GENERIC = 0
    """Says what runs on it, not what it is: an operating system, an agent."""
    PROFILE = 1
    """The profile that reads it is for such devices."""
    BRANCH = 2
    """Its sysObjectID stands below the family's."""
    FACT = 3
    """A text that says it among other things."""
    OBJECT = 4
    """Its sysObjectID is one of the family."""
    MODEL = 5
    """What it calls itself, its maker being known."""
    ORDER_CODE = 6
    """What one orders to get the same again."""


@dataclass(frozen=True, eq=False)
class Recogniser:
    """One way to know a family; all patterns must be found.

    Patterns on attributes hold only for devices of the family's vendor, unless `alone`.
    """

    says: Mapping[str, Pattern]
    alone: bool = False
    profile: str = ""

    @property
    def trigger(self) -> str:
        """The fact or attribute that is looked at first."""
        facts = [name for name in self.says if name not in ATTRIBUTES]
        return facts[0] if facts else next(iter(self.says), "")

    @property
    def of_vendor(self) -> bool:
        """Must the vendor be known?"""
        return not self.alone and all(name in ATTRIBUTES for name in self.says)

    @property
    def rank(self) -> Rank:
        """What a hit of it is worth."""
        if self.profile:
            return Rank.PROFILE
        if "order_code" in self.says:
            return Rank.ORDER_CODE
        return Rank.MODEL if set(self.says) & ATTRIBUTES else Rank.FACT


@dataclass(frozen=True, eq=False)
class Family:
    """A product family, as its maker calls it."""

    name: str
    family: str
    device_class: str
    vendor: str = ""
    recognise: tuple[Recogniser, ...] = ()
    oids: Mapping[str, str] = field(default_factory=dict)
    """Model for each sysObjectID; empty for a branch that tells no model."""
    cpe: str = ""
    """`part:vendor:product` of its firmware or software in CPE 2.3."""
    versions: str = ""
    """How it counts versions, where its vendor counts in several ways."""
    generic: bool = False
    """What many kinds of devices run: anything else that is known of one wins."""


@dataclass(frozen=True, eq=False)
class Hit:
    """A family that a device may be of, and what the evidence says beside."""

    family: Family
    rank: Rank
    evidence: Mapping[str, str]
    gives: Mapping[str, str]
    recogniser: Recogniser | None = None
    """What knew it; None for its sysObjectID."""

    @property
    def weight(self) -> tuple[int, int, int]:
        """More specific evidence first; then more of it, then the longer one."""
        return self.rank, len(self.evidence), sum(map(len, self.evidence.values()))


class Families:
    """All families, indexed: to know a device costs the same with fifty of them and with 5,000."""

    def __init__(self, families: Sequence[Family], unite: Unite) -> None:
        self._families = families
        self._by_oid = {oid: family for family in families for oid in family.oids}
        self._by_profile: dict[str, list[tuple[Family, Recogniser]]] = {}
        triggered: dict[tuple[str, str], list[tuple[Family, Recogniser]]] = {}
        for family in families:
            for recogniser in family.recognise:
                if recogniser.profile:
                    self._by_profile.setdefault(recogniser.profile, []).append((family, recogniser))
                else:
                    vendor = family.vendor if recogniser.of_vendor else ""
                    place = vendor, recogniser.trigger
                    triggered.setdefault(place, []).append((family, recogniser))
        self._triggered: dict[str, dict[str, tuple[Union, list[tuple[Family, Recogniser]]]]] = {}
        for (vendor, name), these in triggered.items():
            united = unite([recogniser.says[name] for _, recogniser in these])
            self._triggered.setdefault(vendor, {})[name] = united, these

    def __iter__(self) -> Iterator[Family]:
        return iter(self._families)

    @property
    def facts(self) -> frozenset[str]:
        """Facts that recognisers read."""
        return frozenset(
            name
            for family in self._families
            for recogniser in family.recognise
            for name in recogniser.says
            if name not in ATTRIBUTES
        )

    def by_object(self, oid: str) -> Iterator[Hit]:
        """The family of a sysObjectID: of the longest branch that it stands on."""
        parts = oid.removeprefix(".").split(".", OID_ARCS_MAX) if oid else []
        for count in range(len(parts) if len(parts) <= OID_ARCS_MAX else 0, 0, -1):
            branch = ".".join(parts[:count])
            if family := self._by_oid.get(branch):
                model = family.oids[branch]
                rank = Rank.OBJECT if count == len(parts) and model else Rank.BRANCH
                yield Hit(family, rank, {OID: branch}, {"model": model} if model else {})
                return

    def by_text(self, said: Mapping[str, Sequence[str]], vendor: str) -> Iterator[Hit]:
        """Families by what a device says: texts by name of fact or attribute.

        With an empty vendor those that speak for themselves, else those of that vendor.
        """
        for name, (united, these) in self._triggered.get(vendor, {}).items():
            for text in said.get(name, ()):
                for at in united(text):
                    family, recogniser = these[at]
                    if hit := _hit(family, recogniser, {**said, name: (text,)}):
                        yield hit

    def by_profile(self, profile: str, said: Mapping[str, Sequence[str]]) -> Iterator[Hit]:
        """Families by the profile that reads the device."""
        for family, recogniser in self._by_profile.get(profile, ()):
            if hit := _hit(family, recogniser, said):
                yield hit


def _hit(family: Family, recogniser: Recogniser, said: Mapping[str, Sequence[str]]) -> Hit | None:
    evidence = {"profile": recogniser.profile} if recogniser.profile else {}
    gives: dict[str, str] = {}
    for name, pattern in recogniser.says.items():
        found = ((text, match) for text in said.get(name, ()) if (match := pattern.search(text)))
        text, match = next(found, ("", None))
        if match is None:
            return None
        evidence[name] = text
        gives.update((k, v) for k, v in match.groupdict().items() if v)
    rank = Rank.GENERIC if family.generic else recogniser.rank
    return Hit(family, rank, evidence, gives, recogniser)
