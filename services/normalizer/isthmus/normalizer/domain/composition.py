"""Composition: rows of a device's tables that are devices of their own, and what they belong to."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from isthmus.normalizer.domain import canonical
from isthmus.normalizer.domain.appearance import Appearance, Said
from isthmus.normalizer.domain.attributes import ORDER, Recognised, of_class
from isthmus.normalizer.domain.catalog import Catalog, Part
from isthmus.normalizer.domain.keys import address_key, serial_keys
from isthmus.normalizer.domain.report import Attribute, Identity, Kind, Relation

PARTS_MAX = 1_000  # of one device: a chassis has hundreds
BEHIND: Mapping[str, Kind] = {"modbus": Kind.BEHIND, "opcua": Kind.EXPOSED_BY}
"""What a device behind an endpoint of this protocol has to do with the endpoint."""

MODULES = frozenset(
    {
        "communication_module", "cpu_module", "fan", "io_module", "line_card", "power_supply",
        "transceiver",
    }
)  # fmt: skip
"""Classes of what sits in a chassis; a module that is sold like a switch is none."""
ROW = 0.8
"""How far the kind that a table says of its row is trusted."""
PART = "part"
"""The protocol word under which `attributes.yaml` says where a part's attributes come from."""
PLACES: Mapping[Kind, str] = {
    Kind.PART_OF: "module",
    Kind.PERIPHERAL_OF: "peripheral",
    Kind.INSTALLED_ON: "software",
}


class Child(NamedTuple):
    """One part: its place, and who it is."""

    device: str
    identity: Identity


def relation(protocol: str, path: str) -> Relation | None:
    """What a device at `path` has to do with the endpoint; None for the endpoint itself."""
    if not path:
        return None
    kind = BEHIND.get(protocol, Kind.PART_OF)
    return Relation(kind, "", path.rpartition("/")[2])


def children(
    said: Said, appearance: Appearance, attributes: Mapping[str, Attribute], catalog: Catalog
) -> tuple[Child, ...]:
    """The parts of a device, in the order of the catalogue and of the tables."""
    made = (
        child
        for part, index in _rows(said, attributes, catalog)
        if (child := _child(part, index, said, appearance, attributes, catalog))
    )
    found = {child.device: child for child in islice(made, PARTS_MAX)}
    return tuple(found.values())


def _rows(
    said: Said, attributes: Mapping[str, Attribute], catalog: Catalog
) -> Iterator[tuple[Part, str]]:
    """Rows that may be parts: all but the one that describes the device itself."""
    own = attributes["class"].value if "class" in attributes else ""
    itself = _itself(said, catalog)
    for part in catalog.parts:
        if not part.of_classes or own in part.of_classes:
            indices = said.columns.get(part.column, ())
            yield from ((part, index) for index in indices if index != itself)


def _child(
    part: Part,
    index: str,
    said: Said,
    appearance: Appearance,
    parent: Mapping[str, Attribute],
    catalog: Catalog,
) -> Child | None:
    facts = _facts(part, index, said, catalog)
    if any(name not in facts for name in part.needs):
        return None
    kind = said.cell(part.class_column, index) if part.class_column else ""
    if part.classes and kind not in part.classes:
        return None
    if part.relation is not Kind.INSTALLED_ON and "vendor" in parent:
        facts.setdefault("vendor", parent["vendor"].value)
    recognised = Recognised(Said(facts, {}), PART, "", (), catalog)
    if part.recognised_only and recognised.hit is None:
        return None
    made = _attributes(recognised, part, kind, parent, catalog)
    device = "/".join(filter(None, (appearance.path, f"{PLACES[part.relation]}-{index}")))
    place = Relation(part.relation, appearance.path, facts.get("position", "") or index)
    own = (*serial_keys(made, catalog), address_key(appearance.site, appearance.address, device))
    unrecognised = () if part.relation is Kind.INSTALLED_ON else recognised.unrecognised()
    alternatives = recognised.alternatives()
    return Child(device, Identity(tuple(sorted(own)), made, alternatives, unrecognised, place))


def _itself(said: Said, catalog: Catalog) -> str | None:
    """The row that is the device that reports; None where no row is."""
    chassis = catalog.rows["chassis"]
    return said.row(chassis, chassis.column) if chassis.column in said.columns else None


def _facts(part: Part, index: str, said: Said, catalog: Catalog) -> dict[str, str]:
    columns = {**part.says, "position": part.position}
    cells = {name: canonical.text(said.cell(column, index)) for name, column in columns.items()}
    return {
        name: text
        for name, text in cells.items()
        if text and canonical.folded(text) not in catalog.traps.texts
    }


def _attributes(
    recognised: Recognised,
    part: Part,
    kind: str,
    parent: Mapping[str, Attribute],
    catalog: Catalog,
) -> tuple[Attribute, ...]:
    """With the class that its row says, unless the catalogue knows a closer one.

    A part stands where its device stands, on whatever level its class usually is.
    """
    made = {a.name: a for a in recognised.attributes()}
    if part.classes:
        declared, known = part.classes[kind], made["class"].value if "class" in made else ""
        if not known or (known not in MODULES and declared in MODULES):
            said = Attribute("class", declared, kind, f"{part.class_column}={kind}", ROW)
            made |= {a.name: a for a in (said, *of_class(said, catalog))}
    if "purdue_level" in parent:
        made["purdue_level"] = replace(parent["purdue_level"], rule="of its device")
    return tuple(made[name] for name in ORDER if name in made)
