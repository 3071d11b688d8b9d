"""What may stand in the catalogue's files: no unknown field, no fact without its source."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from isthmus.normalizer.adapters.patterns import compiled
from isthmus.normalizer.domain.families import ATTRIBUTES
from isthmus.normalizer.domain.report import Health, Kind, Tier


def _health(word: Any) -> Health:
    try:
        return Health[str(word).upper()]
    except KeyError:
        known = ", ".join(h.name.lower() for h in Health)
        raise ValueError(f"{word!r}, expected one of {known}") from None


def _tier(word: Any) -> Tier:
    try:
        return Tier[str(word).upper()]
    except KeyError:
        known = ", ".join(t.name.lower() for t in Tier)
        raise ValueError(f"{word!r}, expected one of {known}") from None


def _words(values: Any) -> Any:
    if not isinstance(values, dict):
        return values
    return {str(key): value for key, value in values.items()}


def _pattern(text: Any) -> Any:
    if isinstance(text, bool) or not isinstance(text, str | int):
        raise ValueError("no text, expected a pattern in quotes")
    return compiled(str(text))


def _text(value: Any) -> Any:
    if isinstance(value, bool | float):
        raise ValueError("no text, expected it in quotes: YAML reads 1.10 as 1.1, and NO as false")
    return str(value) if isinstance(value, int) else value


def _day(value: Any) -> Any:
    return str(value) if isinstance(value, date | int) else value


HealthWord = Annotated[Health, BeforeValidator(_health)]
TierWord = Annotated[Tier, BeforeValidator(_tier)]
Pattern = Annotated[Any, BeforeValidator(_pattern)]
Text = Annotated[str, BeforeValidator(_text)]
Texts = Annotated[dict[str, Text], BeforeValidator(_words)]
Day = Annotated[str, BeforeValidator(_day), Field(pattern=r"^\d{4}(-(0[1-9]|1[0-2])(-\d\d)?)?$")]
AttributeName = Literal[
    "class", "family", "vendor", "model", "serial", "order_code", "hardware", "firmware",
    "software", "name", "location", "asset_tag",
]  # fmt: skip
Oid = Annotated[str, Field(pattern=r"^\d+(\.\d+)+$")]
Scheme = Literal["cisco", "date", "digits", "dotted", "junos"]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class Entry(BaseModel):
    """One entry of a file; an unknown field is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Sourced(Entry):
    """An entry with facts about the world outside: where they stand, and when we looked."""

    sources: tuple[str, ...] = Field(min_length=1)
    checked: date


class VendorEntry(Sourced):
    """An entry of `vendors/`."""

    name: str = Field(min_length=1)
    aliases: tuple[Text, ...] = ()
    pens: tuple[int, ...] = ()
    cip: tuple[int, ...] = ()
    bacnet: tuple[int, ...] = ()
    uris: tuple[str, ...] = ()
    serial_prefixes: tuple[Text, ...] = ()
    version_words: tuple[Text, ...] = ()
    versions: Scheme = "dotted"


class RecogniserEntry(Entry):
    """One way to recognise a family: patterns on facts or attributes, all of which must match."""

    model_config = ConfigDict(extra="allow", frozen=True, arbitrary_types_allowed=True)
    __pydantic_extra__: dict[str, Pattern]
    alone: bool = False
    profile: str = ""

    @property
    def says(self) -> dict[str, Any]:
        """The pattern for each fact or attribute."""
        return dict(self.__pydantic_extra__)

    @model_validator(mode="after")
    def _has_a_condition(self) -> "RecogniserEntry":
        if not self.says and not self.profile:
            raise ValueError("no condition, expected patterns on facts or attributes, or a profile")
        known = ATTRIBUTES - {"vendor"}
        for name, pattern in self.says.items():
            for group in sorted(set(pattern.groupindex) - known):
                raise ValueError(f"{name}: group {group!r}, expected one of {sorted(known)}")
        return self


class ExampleEntry(Entry):
    """What a device of a family says, and what must come of it."""

    says: Texts
    gives: Texts = {}


class FamilyEntry(Sourced):
    """An entry of `families/`."""

    name: Slug
    family: Text
    device_class: str = Field(alias="class")
    vendor: str = ""
    recognise: tuple[RecogniserEntry, ...] = ()
    oids: dict[Oid, Text] = {}
    examples: tuple[ExampleEntry, ...] = Field(min_length=1)
    cpe: str = Field(default="", pattern=r"^([aho]:[^:\s]+:[^:\s]+)?$")
    versions: Scheme | Literal[""] = ""
    generic: bool = False

    @model_validator(mode="after")
    def _can_be_recognised(self) -> "FamilyEntry":
        if not self.recognise and not self.oids:
            raise ValueError("no way to recognise it, expected `recognise` or `oids`")
        return self


class LifecycleEntry(Sourced):
    """An entry of `lifecycle/`."""

    family: Slug
    state: Literal["known", "supported_no_date"]
    when: dict[str, Pattern] = {}
    released: Day = ""
    end_of_sale: Day = ""
    end_of_support: Day = ""

    @model_validator(mode="after")
    def _has_its_date(self) -> "LifecycleEntry":
        dated = bool(self.end_of_sale or self.end_of_support)
        if dated != (self.state == "known"):
            raise ValueError("state known says end_of_sale or end_of_support, the other says none")
        for name in sorted(set(self.when) - ATTRIBUTES):
            raise ValueError(f"when: {name!r}, expected one of {sorted(ATTRIBUTES)}")
        return self


class ClassEntry(Entry):
    """A value of `classes.yaml`."""

    purdue_level: Literal["0", "1", "2", "3", "3.5", "4", "5"] = Field(alias="purdue")
    criticality: Literal["low", "medium", "high"]


class KeyEntry(Entry):
    """An entry of `keys.yaml`."""

    fact: str
    kind: Slug
    tier: TierWord
    form: str
    of_vendor: bool = False


class PartEntry(Entry):
    """An entry of `parts.yaml`."""

    column: str
    relation: Kind
    says: dict[str, str]
    needs: tuple[str, ...] = ()
    class_column: str = ""
    classes: Texts = {}
    of_classes: frozenset[str] = frozenset()
    position: str = ""
    recognised_only: bool = False


class HealthEntry(Entry):
    """An entry of `health.yaml`."""

    name: str = Field(min_length=1)
    values: Annotated[dict[str, HealthWord], BeforeValidator(_words)] = {}
    bits: dict[int, HealthWord] = {}
    octets: dict[int, HealthWord] = {}
    otherwise: HealthWord = Health.UNKNOWN
    protocol: str = ""
    vendor: str = ""


class MetricEntry(Entry):
    """An entry of `metrics.yaml`."""

    metric: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    unit: str = Field(min_length=1)
    of: str = Field(min_length=1)
    aggregate: Literal["first", "count", "max", "mean", "min", "sum"] = "first"
    scale: float = 1
    whole: str = ""
    equals: float | None = None
    missing: tuple[float, ...] = ()
    where: str = ""
    among: frozenset[str] = frozenset()


class RowEntry(Entry):
    """A row of `attributes.yaml`."""

    column: str
    equals: float


class AttributesEntry(Entry):
    """The whole of `attributes.yaml`."""

    rows: dict[str, RowEntry]
    sources: dict[str, dict[AttributeName, tuple[str, ...]]]
    recorded: frozenset[str]


class TrapsEntry(Entry):
    """The whole of `traps.yaml`."""

    serials: frozenset[str]
    texts: frozenset[str]
    uuids: frozenset[str]
    mac_prefixes: tuple[str, ...]
    card_makers: frozenset[str]
    engine_ids: frozenset[str]
    application_uris: tuple[str, ...]
    hostnames: frozenset[str]
