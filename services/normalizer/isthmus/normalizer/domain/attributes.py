"""Canonical attributes: who made the device, what it is, which versions it runs."""

import re
from collections.abc import Iterator, Mapping

from isthmus.normalizer.domain import canonical
from isthmus.normalizer.domain.appearance import Said
from isthmus.normalizer.domain.catalog import Catalog, Family
from isthmus.normalizer.domain.report import Attribute

VERSIONS = frozenset({"hardware", "firmware", "software"})
PLAIN = ("model", "serial", "order_code", "hardware", "firmware", "software", "name", "location")
ORDER = ("class", "vendor", *PLAIN, "purdue_level")
RAW_CHARACTERS = 1024
_PLACE = re.compile(r"(\w+)@(\w+)")


def attributes(
    said: Said, protocol: str, profile: str, catalog: Catalog
) -> tuple[tuple[Attribute, ...], tuple[str, ...]]:
    """The attributes in their fixed order, and the names of those that no rule can tell."""
    known: dict[str, Attribute] = {}
    vendor = _vendor(said, protocol, catalog)
    if vendor:
        known["vendor"] = vendor
    for name in PLAIN:
        attribute = _plain(name, said, protocol, known, catalog)
        if attribute:
            known[name] = attribute
    _apply_families(known, said, profile, catalog)
    level = catalog.classes.get(known["class"].value) if "class" in known else None
    if level:
        known["purdue_level"] = Attribute("purdue_level", level, "", "catalog:classes")
    return tuple(known[name] for name in ORDER if name in known), _unrecognised(known)


def sources(name: str, said: Said, protocol: str, catalog: Catalog) -> Iterator[tuple[str, str]]:
    """The facts that may give an attribute, best first, with what they say."""
    for source in catalog.sources.get(protocol, {}).get(name, ()):
        place = _PLACE.fullmatch(source)
        fact = source
        if place:
            column, row = place.groups()
            fact = f"{column}.{said.row(catalog.rows[row], column)}"
        raw = said.facts.get(fact, "")
        if raw and canonical.folded(raw) not in catalog.traps.texts:
            yield fact, raw


def is_placeholder_serial(value: str, catalog: Catalog) -> bool:
    """Whether many devices share this serial number: empty, a default, one repeated digit."""
    return len(set(value)) < 2 or value in catalog.traps.serials


def _vendor(said: Said, protocol: str, catalog: Catalog) -> Attribute | None:
    unknown = None
    for fact, raw in sources("vendor", said, protocol, catalog):
        by_number = fact == "sysObjectID"
        vendor = catalog.vendor_of_pen(raw) if by_number else catalog.vendor(raw)
        if vendor:
            return Attribute("vendor", vendor.name, raw[:RAW_CHARACTERS], f"{protocol}:{fact}")
        value = canonical.text(raw)
        if value and not by_number and unknown is None:
            unknown = Attribute("vendor", value, raw[:RAW_CHARACTERS], f"unrecognised:{fact}")
    return unknown


def _plain(
    name: str, said: Said, protocol: str, known: Mapping[str, Attribute], catalog: Catalog
) -> Attribute | None:
    for fact, raw in sources(name, said, protocol, catalog):
        value = _canonical(name, raw, known, catalog)
        if name == "serial" and is_placeholder_serial(canonical.serial(raw), catalog):
            continue
        if value:
            return Attribute(name, value, raw[:RAW_CHARACTERS], f"{protocol}:{fact}")
    return None


def _canonical(name: str, raw: str, known: Mapping[str, Attribute], catalog: Catalog) -> str:
    vendor = catalog.vendor(known["vendor"].value) if "vendor" in known else None
    if name in VERSIONS:
        model = (known["model"].value,) if "model" in known else ()
        return canonical.version(raw, (*model, *(vendor.version_words if vendor else ())))
    value = canonical.text(raw)
    if name == "serial" and vendor:
        for prefix in vendor.serial_prefixes:
            value = value.removeprefix(prefix)
    return value


def _apply_families(
    known: dict[str, Attribute], said: Said, profile: str, catalog: Catalog
) -> None:
    vendor = known["vendor"].value if "vendor" in known else ""
    decided: dict[str, Attribute] = {}
    filled: dict[str, Attribute] = {}
    for family in catalog.families_of(said.facts.get("sysObjectID", ""), vendor, profile):
        evidence = _evidence(family, {**known, **decided}, said)
        if evidence is None:
            continue
        rule = f"catalog:{family.name}"
        gives = filled if family.profile else decided
        words = " | ".join(evidence.values())[:RAW_CHARACTERS]
        for name, value in family.gives.items():
            raw = known[name].raw if name in known else words
            gives.setdefault(name, Attribute(name, value, raw, rule))
        for name, text in _groups(family, evidence):
            value = _canonical(name, text, known, catalog)
            if value:
                filled.setdefault(name, Attribute(name, value, text, rule))
    known.update({**filled, **known, **decided})


def _evidence(family: Family, known: Mapping[str, Attribute], said: Said) -> dict[str, str] | None:
    """What the device said for each condition of the family, or None when one does not hold."""
    evidence = {"sysObjectID": said.facts["sysObjectID"]} if family.oid else {}
    for name, pattern in family.says.items():
        text = known[name].value if name in known else canonical.text(said.facts.get(name, ""))
        if not pattern.search(text):
            return None
        evidence[name] = text
    return evidence


def _groups(family: Family, evidence: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, pattern in family.says.items():
        match = pattern.search(evidence[name])
        if match:
            yield from ((k, v) for k, v in match.groupdict().items() if v)


def _unrecognised(known: Mapping[str, Attribute]) -> tuple[str, ...]:
    vendor = known.get("vendor")
    missing = [name for name in ("class", "model") if name not in known]
    if vendor is None or vendor.rule.startswith("unrecognised:"):
        missing.append("vendor")
    return tuple(missing)
