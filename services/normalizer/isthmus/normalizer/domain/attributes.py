"""Canonical attributes: who made a device, what it is, which versions it runs, and why."""

import re
from bisect import insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from isthmus.normalizer.domain import canonical, versions
from isthmus.normalizer.domain.appearance import Said
from isthmus.normalizer.domain.catalog import IMPORT, REGISTRIES, URIS, Catalog, Vendor, base
from isthmus.normalizer.domain.families import ATTRIBUTES, OID, Hit, Rank
from isthmus.normalizer.domain.report import Attribute

VERSIONS = frozenset({"hardware", "firmware", "software"})
PLAIN = (
    "model", "serial", "order_code", "hardware", "firmware", "software", "name", "location",
    "asset_tag",
)  # fmt: skip
ORDER = (
    "class", "vendor", "family", *PLAIN, "purdue_level", "criticality", "cpe", "lifecycle",
    "released", "end_of_sale", "end_of_support",
)  # fmt: skip
RAW_CHARACTERS = 1024
MODEL_DIGITS_MIN = 3
GTIN_DIGITS = (8, 12, 13, 14)
UNRECOGNISED = "unrecognised:"
# How far each kind of evidence is trusted. Steps of an order, no probabilities: what a device says
# in the field that is made for it, beats what a text says among other things, beats a guess.
REFINED = 0.91
STATED = 0.9
MATCHED: Mapping[Rank, float] = {
    Rank.ORDER_CODE: 0.88,
    Rank.MODEL: 0.86,
    Rank.OBJECT: 0.84,
    Rank.FACT: 0.82,
    Rank.BRANCH: 0.8,
    Rank.PROFILE: 0.5,
    Rank.GENERIC: 0.45,
}
REGISTERED = 0.8
NAMED = 0.7
RECORDED = 0.65
UNKNOWN_NAME = 0.6
ADDRESSED = 0.4
_PLACE = re.compile(r"(\w+)@(\w+)")


class Evidence:
    """All that one answer says of each attribute; the first of equals stays the first."""

    def __init__(self) -> None:
        self._said: dict[str, list[Attribute]] = {}

    def add(self, attribute: Attribute) -> None:
        """Note one more candidate."""
        ranked = self._said.setdefault(attribute.name, [])
        insort(ranked, attribute, key=lambda each: -each.confidence)

    def ranked(self, name: str) -> list[Attribute]:
        """Candidates, the most trusted first."""
        return self._said.get(name, [])

    def best(self, name: str) -> str:
        """The value that is trusted most, or nothing."""
        ranked = self.ranked(name)
        return ranked[0].value if ranked else ""

    def others(self, name: str) -> Iterator[Attribute]:
        """What was said otherwise, once each."""
        ranked = self.ranked(name)
        known = {canonical.folded(ranked[0].value)} if ranked else set()
        for each in ranked[1:]:
            if (value := canonical.folded(each.value)) not in known:
                known.add(value)
                yield each

    def texts(self) -> dict[str, list[str]]:
        """The attributes by which families are recognised: the best of each, and what is stated."""
        said: dict[str, list[str]] = {}
        for name in ATTRIBUTES & self._said.keys():
            best, *others = self.ranked(name)
            told = [best, *(each for each in others if each.confidence >= STATED)]
            words = (text for each in told for text in (each.value, canonical.text(each.raw)))
            said[name] = list(dict.fromkeys(words))
        return said


class Recognised:
    """The attributes of one device, the best evidence first, and the family that it is of."""

    def __init__(
        self, said: Said, protocol: str, profile: str, macs: Sequence[str], catalog: Catalog
    ) -> None:
        self._said = said
        self._protocol = protocol
        self._catalog = catalog
        # What a table says of a maker may be its dealer: an order code in it knows better.
        self._trust = RECORDED if protocol == IMPORT else STATED
        self.evidence = Evidence()
        texts = _texts(said, catalog)
        spoken = self._spoken(texts, profile)
        self._vendors(spoken, macs)
        for name in ("class", "family", *PLAIN):
            self._plain(name)
        for hit in spoken:
            self._given(hit)
        known = self._known({**texts, **self.evidence.texts()}, spoken)
        vendor = self.evidence.best("vendor")
        for hit in known:
            self._given(hit)
        self.hits = sorted((*spoken, *known), key=lambda hit: hit.weight, reverse=True)
        self.hit = next((hit for hit in self.hits if _fits(hit, vendor)), None)
        self._of_families(vendor)

    def attributes(self) -> tuple[Attribute, ...]:
        """One for each name, in their fixed order."""
        found = {name: ranked[0] for name in ORDER if (ranked := self.evidence.ranked(name))}
        vendor = self._vendor()
        of_family = self.hit.family.versions if self.hit else ""
        scheme = of_family or (vendor.versions if vendor else "dotted")
        for name in VERSIONS & found.keys():
            attribute = found[name]
            found[name] = replace(attribute, order=versions.order(attribute.value, scheme))
        found |= {each.name: each for each in self._derived(found)}
        recorded = {each.name: each for each in self._recorded()}
        names = (*ORDER, *sorted(recorded.keys() - set(ORDER)))
        found |= recorded
        return tuple(found[name] for name in names if name in found)

    def alternatives(self) -> tuple[Attribute, ...]:
        """What the same answer says otherwise."""
        return tuple(each for name in ORDER for each in self.evidence.others(name))

    def unrecognised(self) -> tuple[str, ...]:
        """The attributes that no rule can tell."""
        missing = [name for name in ("class", "model") if not self.evidence.best(name)]
        if self.hit is None or not self.hit.family.family:
            missing.append("family")
        if self._vendor() is None:
            missing.append("vendor")
        return tuple(missing)

    def _spoken(self, texts: Mapping[str, Sequence[str]], profile: str) -> list[Hit]:
        """Families that the answer itself names, whoever the maker is."""
        families = self._catalog.families
        said = {**texts, **self._stated()}
        return [
            *families.by_object(self._said.facts.get(OID, "")),
            *families.by_text(said, ""),
            *families.by_profile(profile, said),
        ]

    def _stated(self) -> dict[str, list[str]]:
        """The text of each attribute in the best field that is made for it."""
        stated = {
            name: [canonical.text(raw) for _, raw in islice(self._sources(name), 1)]
            for name in PLAIN
        }
        return {name: texts for name, texts in stated.items() if texts}

    def _sources(self, name: str) -> Iterator[tuple[str, str]]:
        return sources(name, self._said, self._protocol, self._catalog)

    def _known(self, texts: Mapping[str, Sequence[str]], spoken: Sequence[Hit]) -> list[Hit]:
        """Families by what the attributes say, some of which tell the maker first."""
        families = self._catalog.families
        seen = {(hit.family, hit.rank) for hit in spoken}
        alone = [h for h in families.by_text(texts, "") if (h.family, h.rank) not in seen]
        for hit in alone:
            self._from(hit, "vendor", hit.family.vendor, _words(hit))
        return [*alone, *families.by_text(texts, self.evidence.best("vendor"))]

    def _vendors(self, hits: Sequence[Hit], macs: Sequence[str]) -> None:
        self._stated_vendors()
        for hit in sorted(hits, key=lambda hit: hit.weight, reverse=True):
            if hit.family.vendor and hit.rank is not Rank.BRANCH:
                self._from(hit, "vendor", hit.family.vendor, _words(hit))
        for fact in URIS:
            raw = self._said.facts.get(fact, "")
            if vendor := self._catalog.vendor_of_uri(raw):
                self._say("vendor", vendor.name, raw, f"uri:{fact}", NAMED)
        for mac in macs[:1]:
            organisation = self._catalog.organisation(mac)
            vendor = self._catalog.vendor(organisation)
            if vendor and canonical.folded(vendor.name) not in self._catalog.traps.card_makers:
                self._say("vendor", vendor.name, f"{mac} {organisation}", "oui", ADDRESSED)

    def _stated_vendors(self) -> None:
        for fact in REGISTRIES:
            raw = self._said.facts.get(fact, "")
            if vendor := self._catalog.vendor_of_number(fact, raw):
                self._say("vendor", vendor.name, raw, f"{self._protocol}:{fact}", REGISTERED)
        for fact, raw in self._sources("vendor"):
            if fact == OID:
                if vendor := self._catalog.vendor_of_pen(raw):
                    self._say("vendor", vendor.name, raw, f"pen:{fact}", REGISTERED)
            elif vendor := self._catalog.vendor(raw):
                self._say("vendor", vendor.name, raw, f"{self._protocol}:{fact}", self._trust)
            elif value := canonical.without_legal_form(raw):
                self._say("vendor", value, raw, f"{UNRECOGNISED}{fact}", UNKNOWN_NAME)

    def _plain(self, name: str) -> None:
        for fact, raw in self._sources(name):
            if name == "serial" and is_placeholder_serial(canonical.serial(raw), self._catalog):
                continue
            if (value := self._canonical(name, raw)) and not (
                name == "model" and _is_number(value)
            ):
                self._say(name, value, raw, f"{self._protocol}:{fact}", self._trust)

    def _given(self, hit: Hit) -> None:
        cut = hit.recogniser.says if hit.recogniser else {}
        for name, raw in hit.gives.items():
            if not (value := self._canonical(name, raw)):
                continue
            if name in cut:  # the maker's form of the very text that was stated
                self._say(name, value, raw, f"catalog:{hit.family.name}", REFINED)
            else:
                self._from(hit, name, value, raw)

    def _of_families(self, vendor: str) -> None:
        for hit in self.hits:
            if _fits(hit, vendor):
                self._from(hit, "class", hit.family.device_class, _words(hit))
                self._from(hit, "family", hit.family.family, _words(hit))

    def _derived(self, known: Mapping[str, Attribute]) -> Iterator[Attribute]:
        if "class" in known:
            yield from of_class(known["class"], self._catalog)
        if self.hit is None:
            return
        family, sure = self.hit.family, MATCHED[self.hit.rank]
        version = known.get("firmware") or known.get("software")
        if family.cpe:
            name = versions.cpe(family.cpe, version.value if version else "")
            yield Attribute("cpe", name, "", f"catalog:{family.name}", sure)
        yield from self._lifecycle(family.name, known, sure)

    def _lifecycle(
        self, family: str, known: Mapping[str, Attribute], sure: float
    ) -> Iterator[Attribute]:
        for entry in self._catalog.lifecycles.get(family, ()):
            said = {name: known[name].value if name in known else "" for name in entry.when}
            if not all(pattern.search(said[name]) for name, pattern in entry.when.items()):
                continue
            rule = f"lifecycle:{family}"
            yield Attribute("lifecycle", entry.state, "", rule, sure)
            for name in ("released", "end_of_sale", "end_of_support"):
                if day := getattr(entry, name):
                    yield Attribute(name, day, "", rule, sure)
            return

    def _recorded(self) -> Iterator[Attribute]:
        """What a system of record decides: the word that it has in place of any assumption."""
        if self._protocol == IMPORT:
            for name, raw in self._said.facts.items():
                if base(name) in self._catalog.recorded and raw:
                    rule = f"{IMPORT}:{name}"
                    yield Attribute(name, raw, raw[:RAW_CHARACTERS], rule, RECORDED)

    def _vendor(self) -> Vendor | None:
        ranked = self.evidence.ranked("vendor")
        if not ranked or ranked[0].rule.startswith(UNRECOGNISED):
            return None
        return self._catalog.vendor(ranked[0].value)

    def _canonical(self, name: str, raw: str) -> str:
        vendor = self._vendor()
        if name in VERSIONS:
            words = (self.evidence.best("model"), *(vendor.version_words if vendor else ()))
            return canonical.version(raw, filter(None, words))
        value = canonical.text(raw)
        if name == "model" and vendor:
            return self._catalog.without_maker(value, vendor)
        if name == "serial" and vendor:
            for prefix in vendor.serial_prefixes:
                value = value.removeprefix(prefix)
        return value

    def _from(self, hit: Hit, name: str, value: str, raw: str) -> None:
        if value:
            self._say(name, value, raw, f"catalog:{hit.family.name}", MATCHED[hit.rank])

    def _say(self, name: str, value: str, raw: str, rule: str, confidence: float) -> None:
        self.evidence.add(Attribute(name, value, raw[:RAW_CHARACTERS], rule, confidence))


def of_class(attribute: Attribute, catalog: Catalog) -> Iterator[Attribute]:
    """What is assumed of a device because of its class."""
    if device_class := catalog.classes.get(attribute.value):
        sure, rule = attribute.confidence, "catalog:classes"
        yield Attribute("purdue_level", device_class.purdue_level, "", rule, sure)
        yield Attribute("criticality", device_class.criticality, "", rule, sure)


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


def _texts(said: Said, catalog: Catalog) -> dict[str, list[str]]:
    """What a device says by name; a column of its own chassis also without the index."""
    texts = {name: [canonical.text(text)] for name, text in said.facts.items()}
    chassis = catalog.rows["chassis"]
    for column in said.columns:
        if column.startswith("entPhysical"):
            own = said.facts.get(f"{column}.{said.row(chassis, column)}", "")
            texts[column] = [canonical.text(own)] if own else []
    return texts


def _fits(hit: Hit, vendor: str) -> bool:
    """Is the device of this family, when its maker is `vendor`?"""
    return hit.rank is not Rank.BRANCH or hit.family.vendor in ("", vendor)


def _words(hit: Hit) -> str:
    return " | ".join(hit.evidence.values())[:RAW_CHARACTERS]


def _is_number(model: str) -> bool:
    """Is it a mere number: a counter, or one from a shelf (GTIN, ISO/IEC 15420)?"""
    return model.isdecimal() and (len(model) < MODEL_DIGITS_MIN or len(model) in GTIN_DIGITS)
