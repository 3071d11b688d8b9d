"""The catalogue's files, read strictly: a mistake is one line that names the file and the entry."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from isthmus.normalizer.adapters.entries import (
    AttributesEntry,
    ClassEntry,
    FamilyEntry,
    HealthEntry,
    KeyEntry,
    LifecycleEntry,
    MetricEntry,
    PartEntry,
    TrapsEntry,
    VendorEntry,
)
from isthmus.normalizer.adapters.organisations import organisation, organisations
from isthmus.normalizer.adapters.patterns import united
from isthmus.normalizer.domain import canonical
from isthmus.normalizer.domain.catalog import (
    Catalog,
    DeviceClass,
    HealthRule,
    KeyRule,
    Lifecycle,
    MetricRule,
    Part,
    Row,
    Traps,
    Vendor,
)
from isthmus.normalizer.domain.families import Families, Family, Recogniser
from isthmus.normalizer.domain.keys import FORMS
from isthmus.normalizer.domain.lint import Example
from isthmus.normalizer.domain.report import Tier
from isthmus.runtime.errors import IsthmusError

T = TypeVar("T")
SHIPPED = Path(__file__).parents[1] / "catalog"
FINGERPRINT_DIGITS = 12
_ROW = re.compile(r"@(\w+)")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Found(Generic[T]):
    """An entry, and the file that it stands in."""

    file: str
    entry: T


class CatalogFolder:
    """A folder whose files may be replaced while the service runs, as a ConfigMap's are."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fingerprint(self) -> str:
        """Of the files as they are now; raises OSError."""
        return fingerprint(self._folder)

    def load(self) -> Catalog:
        """The catalogue as it is now; raises IsthmusError with a line for each mistake."""
        return load(self._folder)


def load(folder: Path) -> Catalog:
    """The catalogue in `folder`; raises IsthmusError with a line for each mistake."""
    organisations()
    vendors = _all(folder, "vendors", VendorEntry)
    families = _all(folder, "families", FamilyEntry)
    lifecycles = _all(folder, "lifecycle", LifecycleEntry)
    classes = _read(folder, "classes.yaml", dict[str, ClassEntry])
    columns = _read(folder, "attributes.yaml", AttributesEntry)
    health = _read(folder, "health.yaml", list[HealthEntry])
    key_rules = _read(folder, "keys.yaml", list[KeyEntry])
    metrics = _read(folder, "metrics.yaml", list[MetricEntry])
    parts = _read(folder, "parts.yaml", list[PartEntry])
    names = {found.entry.name for found in vendors}
    mistakes = [
        *_vendor_mistakes(vendors),
        *_family_mistakes(families, names, classes),
        *_lifecycle_mistakes(lifecycles, {found.entry.name for found in families}),
        *_health_mistakes(health, names),
        *_source_mistakes(columns),
        *_key_mistakes(key_rules, columns.rows),
        *_part_mistakes(parts, classes),
    ]
    if mistakes:
        raise IsthmusError("\n".join(f"catalog: {folder.name}/{mistake}" for mistake in mistakes))
    return Catalog(
        vendors=tuple(_vendor(found.entry) for found in vendors),
        classes={name: DeviceClass(**dict(entry)) for name, entry in classes.items()},
        sources={p: {str(a): facts for a, facts in s.items()} for p, s in columns.sources.items()},
        rows={name: Row(**dict(row)) for name, row in columns.rows.items()},
        families=Families([_family(found.entry) for found in families], united),
        lifecycles=_lifecycles(found.entry for found in lifecycles),
        keys=tuple(KeyRule(**dict(k), is_global=k.tier <= Tier.UNIQUE) for k in key_rules),
        parts=tuple(Part(**dict(p)) for p in parts),
        health=tuple(_health_rule(entry) for entry in health),
        metrics=tuple(MetricRule(**dict(m)) for m in metrics),
        ranges=_read(folder, "ranges.yaml", dict[str, tuple[float, float]]),
        traps=_traps(_read(folder, "traps.yaml", TrapsEntry)),
        organisation=organisation,
        recorded=columns.recorded,
        fingerprint=fingerprint(folder),
    )


def examples(folder: Path) -> Iterator[Example]:
    """What devices of each family say, as the files in `folder` have it."""
    for found in _all(folder, "families", FamilyEntry):
        for example in found.entry.examples:
            yield Example(found.file, found.entry.name, example.says, example.gives)


def fingerprint(folder: Path) -> str:
    """Of all files of a catalogue, the same wherever it lies."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.yaml")):
        digest.update(f"{file.relative_to(folder).as_posix()}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:FINGERPRINT_DIGITS]


def _all(folder: Path, part: str, kind: type[T]) -> list[Found[T]]:
    """The entries of all files of one concern; raises IsthmusError when there is none."""
    files = sorted((folder / part).glob("*.yaml"))
    if not files:
        raise IsthmusError(f"catalog: {folder / part}: no *.yaml, expected at least one file")
    names = [f"{part}/{file.name}" for file in files]
    entries = TypeAdapter(list[kind])  # type: ignore[valid-type]
    return [Found(name, entry) for name in names for entry in _read(folder, name, entries)]


def _read(folder: Path, name: str, kind: Any) -> Any:
    file = folder / name
    adapter = kind if isinstance(kind, TypeAdapter) else TypeAdapter(kind)
    try:
        found = yaml.load(file.read_text(encoding="utf-8"), _LOADER)
        return adapter.validate_python(found)
    except OSError as error:
        raise IsthmusError(f"catalog: {file}: {error.strerror}") from error
    except ValidationError as error:
        lines = (_explain(f"catalog: {folder.name}/{name}", found, item) for item in error.errors())
        raise IsthmusError("\n".join(lines)) from error
    except (yaml.YAMLError, ValueError) as error:  # no UTF-8, or a day that no month has
        raise IsthmusError(f"catalog: {file}: {' '.join(str(error).split())}") from error


def _explain(where: str, found: Any, item: Mapping[str, Any]) -> str:
    place = [str(part) for part in item["loc"]]
    if isinstance(found, list) and place:
        entry = found[int(place[0])]
        named = isinstance(entry, dict) and next(
            (entry[k] for k in ("name", "metric", "family", "fact", "column") if k in entry), ""
        )
        place[0] = f"entry {int(place[0]) + 1}" + (f" ({named})" if named else "")
    reason = item["msg"].removeprefix("Value error, ")
    return f"{where}: {'.'.join(place)}: {reason}, found {str(item['input'])[:60]!r}"


def _vendor_mistakes(vendors: Iterable[Found[VendorEntry]]) -> Iterator[str]:
    owners: dict[str, str] = {}
    for found in vendors:
        vendor = found.entry
        texts = (vendor.name, *vendor.aliases)
        aliases = {name for text in texts for name in list(canonical.vendor_names(text))[:1]}
        numbers = [
            *(f"PEN {pen}" for pen in vendor.pens),
            *(f"CIP vendor id {number}" for number in vendor.cip),
            *(f"BACnet vendor id {number}" for number in vendor.bacnet),
            *(f"host {uri.lower()}" for uri in vendor.uris),
        ]
        for claim in (*sorted(aliases), *numbers):
            if claim in owners:
                yield f"{found.file}: {vendor.name}: {claim!r} belongs to {owners[claim]} already"
            owners[claim] = vendor.name


def _family_mistakes(
    families: Iterable[Found[FamilyEntry]], vendors: set[str], classes: Mapping[str, ClassEntry]
) -> Iterator[str]:
    owners: dict[str, str] = {}
    for found in families:
        family, where = found.entry, f"{found.file}: {found.entry.name}"
        for claim in (f"name {family.name}", *(f"sysObjectID {oid}" for oid in family.oids)):
            if claim in owners:
                yield f"{where}: {claim} belongs to {owners[claim]} already"
            owners[claim] = family.name
        if family.vendor:
            yield from _unknown_vendor(where, family.vendor, vendors)
        if family.device_class not in classes:
            yield f"{where}: class {family.device_class!r} is not in classes.yaml"


def _unknown_vendor(where: str, vendor: str, vendors: set[str]) -> Iterator[str]:
    if vendor not in vendors:
        yield f"{where}: vendor {vendor!r} is not in vendors/"


def _health_mistakes(rules: Iterable[HealthEntry], vendors: set[str]) -> Iterator[str]:
    for rule in rules:
        if rule.vendor:
            yield from _unknown_vendor(f"health.yaml: {rule.name}", rule.vendor, vendors)


def _lifecycle_mistakes(
    lifecycles: Iterable[Found[LifecycleEntry]], families: set[str]
) -> Iterator[str]:
    for found in lifecycles:
        if found.entry.family not in families:
            yield f"{found.file}: {found.entry.family}: no such family in families/"


def _source_mistakes(columns: AttributesEntry) -> Iterator[str]:
    for protocol, sources in columns.sources.items():
        for attribute, facts in sources.items():
            for row in {row for fact in facts for row in _ROW.findall(fact)} - set(columns.rows):
                yield f"attributes.yaml: {protocol}.{attribute}: row {row!r} is not in rows"


def _key_mistakes(rules: Iterable[KeyEntry], rows: Mapping[str, Any]) -> Iterator[str]:
    for rule in rules:
        if rule.form not in FORMS:
            expected = ", ".join(sorted(FORMS))
            yield f"keys.yaml: {rule.fact}: form {rule.form!r}, expected one of {expected}"
        for row in set(_ROW.findall(rule.fact)) - set(rows):
            yield f"keys.yaml: {rule.fact}: row {row!r} is not in rows of attributes.yaml"


def _part_mistakes(parts: Iterable[PartEntry], classes: Mapping[str, ClassEntry]) -> Iterator[str]:
    for part in parts:
        for name in sorted({*part.classes.values(), *part.of_classes} - set(classes)):
            yield f"parts.yaml: {part.column}: class {name!r} is not in classes.yaml"


def _vendor(entry: VendorEntry) -> Vendor:
    return Vendor(**entry.model_dump(exclude={"sources", "checked"}))


def _family(entry: FamilyEntry) -> Family:
    recognise = tuple(Recogniser(r.says, r.alone, r.profile) for r in entry.recognise)
    return Family(
        name=entry.name,
        family=entry.family,
        device_class=entry.device_class,
        vendor=entry.vendor,
        recognise=recognise,
        oids=entry.oids,
        cpe=entry.cpe,
        versions=entry.versions,
        generic=entry.generic,
    )


def _lifecycles(entries: Iterable[LifecycleEntry]) -> Mapping[str, Sequence[Lifecycle]]:
    """By family; the most narrow first."""
    found: dict[str, list[Lifecycle]] = {}
    for e in sorted(entries, key=lambda entry: -len(entry.when)):
        life = Lifecycle(e.family, e.state, e.when, e.released, e.end_of_sale, e.end_of_support)
        found.setdefault(e.family, []).append(life)
    return found


def _health_rule(entry: HealthEntry) -> HealthRule:
    values = {canonical.folded(word): health for word, health in entry.values.items()}
    return HealthRule(**{**dict(entry), "values": values})


def _traps(entry: TrapsEntry) -> Traps:
    return Traps(
        serials=frozenset(canonical.serial(serial) for serial in entry.serials),
        texts=frozenset(canonical.folded(text) for text in entry.texts),
        uuids=frozenset(uuid.lower() for uuid in entry.uuids),
        mac_prefixes=tuple(prefix.lower() for prefix in entry.mac_prefixes),
        card_makers=frozenset(canonical.folded(name) for name in entry.card_makers),
        engine_ids=frozenset(engine.lower() for engine in entry.engine_ids),
        application_uris=tuple(uri.casefold() for uri in entry.application_uris),
        hostnames=frozenset(name.lower() for name in entry.hostnames),
    )
