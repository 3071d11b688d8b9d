"""The linter: every family is won by its own examples, and by no other family's."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from isthmus.normalizer.domain import canonical
from isthmus.normalizer.domain.appearance import Said
from isthmus.normalizer.domain.attributes import Recognised
from isthmus.normalizer.domain.catalog import Catalog, base
from isthmus.normalizer.domain.composition import PART
from isthmus.normalizer.domain.families import Hit, Recogniser


@dataclass(frozen=True)
class Example:
    """What a device of a family says, and what must come of it."""

    file: str
    family: str
    says: Mapping[str, str]
    gives: Mapping[str, str]


def lint(catalog: Catalog, examples: Iterable[Example]) -> Iterator[str]:
    """One line for each example that goes wrong and each rule that no example needs."""
    used: set[Recogniser | None] = set()
    files: dict[str, str] = {}
    for example in examples:
        files[example.family] = example.file
        found = recognised(catalog, example.says)
        used |= {hit.recogniser for hit in found.hits if hit.family.name == example.family}
        for mistake in _mistakes(example, found):
            yield f"{example.file}: {example.family}: example {dict(example.says)}: {mistake}"
    for family in catalog.families:
        for recogniser in family.recognise:
            if recogniser not in used:
                says = {name: pattern.pattern for name, pattern in recogniser.says.items()}
                shown = says or {"profile": recogniser.profile}
                yield f"{files[family.name]}: {family.name}: dead rule {shown}: no example needs it"


def recognised(catalog: Catalog, says: Mapping[str, str]) -> Recognised:
    """What the catalogue makes of facts and attributes that stand alone."""
    facts: dict[str, str] = {}
    numbers: dict[str, float] = {}
    for name, text in says.items():
        if name.startswith("entPhysical"):
            facts[f"{name.partition('.')[0]}.1"], numbers["entPhysicalClass.1"] = text, 3.0
        elif name != "profile":
            facts[name] = text
    profile = says.get("profile", "")
    return Recognised(Said(facts, numbers), _protocol(facts, catalog), profile, (), catalog)


def _protocol(facts: Mapping[str, str], catalog: Catalog) -> str:
    """The protocol whose attributes come from most of these facts."""
    names = {name.partition(".")[0] for name in facts}

    def known(protocol: str) -> int:
        sources = catalog.sources[protocol].values()
        return len(names & {base(source) for group in sources for source in group})

    return max(sorted(catalog.sources, key=lambda p: p != PART), key=known)


def _mistakes(example: Example, found: Recognised) -> Iterator[str]:
    if found.hit is None:
        yield "no family claims it"
        return
    if found.hit.family.name != example.family:
        yield f"{_claim(found.hit)} wins"
    for hit in found.hits:
        rival = hit.family.name not in (example.family, found.hit.family.name)
        if rival and hit.rank >= found.hit.rank:
            yield f"{_claim(hit)} claims it as well"
    attributes = {a.name: a.value for a in found.attributes()}
    for name, value in example.gives.items():
        said = attributes.get(name, "")
        if canonical.text(said) != canonical.text(value):
            yield f"{name} is {said!r}, expected {value!r}"


def _claim(hit: Hit) -> str:
    return f"{hit.family.name} ({hit.rank.name.lower()})"
