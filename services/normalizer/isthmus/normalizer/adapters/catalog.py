"""The catalogue's files, read strictly: a mistake is one line that names the file and the entry."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from isthmus.normalizer.domain import canonical
from isthmus.normalizer.domain.attributes import ORDER
from isthmus.normalizer.domain.catalog import (
    Catalog,
    Family,
    HealthRule,
    MetricRule,
    Row,
    Traps,
    Vendor,
)
from isthmus.normalizer.domain.report import Health
from isthmus.runtime.errors import IsthmusError

T = TypeVar("T")
_ROW = re.compile(r"@(\w+)")


def _health(word: Any) -> Health:
    try:
        return Health[str(word).upper()]
    except KeyError:
        known = ", ".join(h.name.lower() for h in Health)
        raise ValueError(f"{word!r}, expected one of {known}") from None


def _pattern(text: Any) -> re.Pattern[str]:
    try:
        return re.compile(str(text))
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}") from None


def _words(values: Any) -> Any:
    if not isinstance(values, dict):
        return values
    return {str(key): value for key, value in values.items()}


HealthWord = Annotated[Health, BeforeValidator(_health)]
Pattern = Annotated[re.Pattern[str], BeforeValidator(_pattern)]
AttributeName = Literal[
    "class", "vendor", "model", "serial", "order_code", "hardware", "firmware", "software", "name",
    "location",
]  # fmt: skip
Oid = Annotated[str, Field(pattern=r"^(\d+(\.\d+)*)?$")]


class Entry(BaseModel):
    """One entry of a file; an unknown field is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class VendorEntry(Entry):
    """An entry of `vendors.yaml`."""

    name: str = Field(min_length=1)
    aliases: tuple[str, ...] = ()
    pens: tuple[int, ...] = ()
    serial_prefixes: tuple[str, ...] = ()
    version_words: tuple[str, ...] = ()


class FamilyEntry(Entry):
    """An entry of `families.yaml`."""

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    oid: Oid = ""
    vendor: str = ""
    profile: str = ""
    says: dict[str, Pattern] = {}
    gives: dict[AttributeName, str] = {}


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


class TrapsEntry(Entry):
    """The whole of `traps.yaml`."""

    serials: frozenset[str]
    texts: frozenset[str]
    uuids: frozenset[str]
    mac_prefixes: tuple[str, ...]
    engine_ids: frozenset[str]
    application_uris: tuple[str, ...]
    hostnames: frozenset[str]


def load(folder: Path) -> Catalog:
    """The catalogue in `folder`; raises IsthmusError with a line for each mistake."""
    vendors = _read(folder, "vendors.yaml", list[VendorEntry])
    classes = _read(folder, "classes.yaml", dict[str, Literal["0", "1", "2", "3", "3.5", "4", "5"]])
    columns = _read(folder, "attributes.yaml", AttributesEntry)
    families = _read(folder, "families.yaml", list[FamilyEntry])
    health = _read(folder, "health.yaml", list[HealthEntry])
    names = {vendor.name for vendor in vendors}
    mistakes = [
        *_vendor_mistakes(vendors),
        *_family_mistakes(families, names, classes),
        *_health_mistakes(health, names),
        *_source_mistakes(columns),
    ]
    if mistakes:
        raise IsthmusError("\n".join(f"catalog: {folder.name}/{mistake}" for mistake in mistakes))
    return Catalog(
        tuple(Vendor(**dict(v)) for v in vendors),
        classes,
        {p: {str(a): facts for a, facts in s.items()} for p, s in columns.sources.items()},
        {name: Row(**dict(row)) for name, row in columns.rows.items()},
        tuple(Family(**dict(f)) for f in families),
        tuple(_health_rule(entry) for entry in health),
        tuple(MetricRule(**dict(m)) for m in _read(folder, "metrics.yaml", list[MetricEntry])),
        _traps(_read(folder, "traps.yaml", TrapsEntry)),
    )


def _read(folder: Path, name: str, kind: type[T]) -> T:
    file = folder / name
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
        return TypeAdapter(kind).validate_python(found)
    except OSError as error:
        raise IsthmusError(f"catalog: {file}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise IsthmusError(f"catalog: {file}: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        lines = (_explain(f"catalog: {folder.name}/{name}", found, item) for item in error.errors())
        raise IsthmusError("\n".join(lines)) from error


def _explain(where: str, found: Any, item: Mapping[str, Any]) -> str:
    place = [str(part) for part in item["loc"]]
    if isinstance(found, list) and place:
        entry = found[int(place[0])]
        named = isinstance(entry, dict) and (entry.get("name") or entry.get("metric"))
        place[0] = f"entry {int(place[0]) + 1}" + (f" ({named})" if named else "")
    reason = item["msg"].removeprefix("Value error, ")
    return f"{where}: {'.'.join(place)}: {reason}, found {str(item['input'])[:60]!r}"


def _vendor_mistakes(vendors: Iterable[VendorEntry]) -> Iterable[str]:
    owners: dict[str, str] = {}
    for vendor in vendors:
        aliases = {canonical.folded(a) for a in (vendor.name, *vendor.aliases)}
        for claim in (*sorted(aliases), *(f"PEN {pen}" for pen in vendor.pens)):
            if claim in owners:
                yield f"vendors.yaml: {vendor.name}: {claim!r} belongs to {owners[claim]} already"
            owners[claim] = vendor.name


def _family_mistakes(
    families: Iterable[FamilyEntry], vendors: set[str], classes: Mapping[str, str]
) -> Iterable[str]:
    names: set[str] = set()
    for family in families:
        where = f"families.yaml: {family.name}"
        if family.name in names:
            yield f"{where}: the name stands twice"
        names.add(family.name)
        for vendor in {family.vendor, family.gives.get("vendor", "")} - vendors - {""}:
            yield f"{where}: vendor {vendor!r} is not in vendors.yaml"
        if family.gives.get("class", "plc") not in classes:
            yield f"{where}: class {family.gives['class']!r} is not in classes.yaml"
        if not (family.oid or family.vendor or family.profile or family.says):
            yield f"{where}: no condition, expected oid, vendor, profile or says"
        groups = {group for pattern in family.says.values() for group in pattern.groupindex}
        for group in sorted(groups - set(ORDER)):
            yield f"{where}: group {group!r} is no attribute"


def _health_mistakes(rules: Iterable[HealthEntry], vendors: set[str]) -> Iterable[str]:
    for rule in rules:
        if rule.vendor and rule.vendor not in vendors:
            yield f"health.yaml: {rule.name}: vendor {rule.vendor!r} is not in vendors.yaml"


def _source_mistakes(columns: AttributesEntry) -> Iterable[str]:
    for protocol, sources in columns.sources.items():
        for attribute, facts in sources.items():
            for row in {row for fact in facts for row in _ROW.findall(fact)} - set(columns.rows):
                yield f"attributes.yaml: {protocol}.{attribute}: row {row!r} is not in rows"


def _health_rule(entry: HealthEntry) -> HealthRule:
    values = {canonical.folded(word): health for word, health in entry.values.items()}
    return HealthRule(**{**dict(entry), "values": values})


def _traps(entry: TrapsEntry) -> Traps:
    return Traps(
        frozenset(canonical.serial(serial) for serial in entry.serials),
        frozenset(canonical.folded(text) for text in entry.texts),
        frozenset(uuid.lower() for uuid in entry.uuids),
        tuple(prefix.lower() for prefix in entry.mac_prefixes),
        frozenset(engine.lower() for engine in entry.engine_ids),
        tuple(uri.casefold() for uri in entry.application_uris),
        frozenset(name.lower() for name in entry.hostnames),
    )
