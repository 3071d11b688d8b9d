"""Keeps the definitions of custom fields, tells who checks by them, and finds what fits no more."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import structlog

from isthmus.inventory.domain.assets.vocabulary import CUSTOM
from isthmus.inventory.domain.custom_fields import Definition, Own, Type, definition
from isthmus.inventory.domain.query import (
    OWN_NUMBER,
    And,
    Condition,
    Known,
    Listing,
    Not,
    Or,
    Place,
    Selection,
    equal,
)
from isthmus.inventory.handlers.assets.curation import Unknown
from isthmus.inventory.handlers.clock import now
from isthmus.inventory.ports.custom_fields import CustomFieldStore, Defined
from isthmus.inventory.ports.finding import AssetListing
from isthmus.runtime.access import EVERYWHERE, Principal, Sites
from isthmus.runtime.errors import IsthmusError

log = structlog.get_logger()
REFRESH_S = 5.0
PAGE = 20_000  # a few fields of each: a store may walk all assets for each page
PAGES_MAX = 5
"""So many assets are looked at for one page of misfits, which then may be short."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """An asset whose value does not fit the definition, or that has none and must."""

    asset: str
    site: str
    value: str
    reason: str


class CustomFields:
    """The definitions as the store has them now."""

    def __init__(self, store: CustomFieldStore, directory: AssetListing) -> None:
        self._store = store
        self._directory = directory
        self._own: Own = {}
        self.defined: Mapping[str, Defined] = {}

    def own(self) -> Own:
        """The definitions that hold."""
        return self._own

    async def prepare(self) -> None:
        """Know them before anything is written."""
        await self.refresh()

    async def run(self) -> None:
        """Look now and then whether another replica has changed one, until cancelled."""
        while True:
            try:
                await self.refresh()
            except IsthmusError as error:
                log.warning("custom_fields_not_read", reason=str(error))
            await asyncio.sleep(REFRESH_S)

    async def refresh(self) -> None:
        """Take the definitions as they stand."""
        self.defined = await self._store.defined()
        self._own = {name: each.definition for name, each in self.defined.items()}

    async def get(self, name: str, sites: Sites) -> Defined:
        """The definition of `custom.<name>`, where one may see it; raises Unknown."""
        await self.refresh()
        found = self.defined.get(f"{CUSTOM}{name}")
        if found is None or not visible(found.definition, sites):
            raise Unknown(f"name: there is no custom field {name!r}")
        return found

    async def put(self, name: str, row: object, who: Principal) -> tuple[Defined, bool]:
        """Define `custom.<name>`, and whether it is new; raises Invalid and Refused."""
        made = Defined(definition(name, row), who.name, now())
        await self.refresh()
        _check(who, made.definition)
        before = self.defined.get(made.definition.name)
        if before:
            _check(who, before.definition)
            if before.definition == made.definition:
                return before, False
        new = await self._store.put(made)
        await self.refresh()
        return made, new

    async def remove(self, name: str, who: Principal) -> None:
        """Make a free text of `custom.<name>`; raises Unknown and Refused."""
        found = await self.get(name, who.visible)
        _check(who, found.definition)
        await self._store.remove(found.definition.name)
        await self.refresh()

    async def misfits(
        self, name: str, sites: Sites, after: str, limit: int
    ) -> tuple[list[Misfit], str | None]:
        """Some assets by id, from after one, and where to go on; raises Unknown."""
        about = (await self.get(name, sites)).definition
        condition = Or((*_wrong(about), *_missing(about)))
        selection, fields = Selection(condition, (), sites), ("site", "class", about.name)
        found: list[Misfit] = []
        if not condition.conditions:
            return found, None  # any text will do
        for _ in range(PAGES_MAX):
            place = Place((), after) if after else None
            page = await self._directory.page(Listing(selection, (), fields, PAGE, place))
            found += filter(None, (_misfit(about, item) for item in page.items))
            if len(found) > limit or (len(found) == limit and page.last):
                return found[:limit], found[limit - 1].asset
            if page.last is None:
                return found, None
            after = page.last.id
        return found, after


def visible(definition: Definition, sites: Sites) -> bool:
    """Whether the definition holds on one of these sites."""
    return sites is None or not definition.sites or not sites.isdisjoint(definition.sites)


def _check(who: Principal, definition: Definition) -> None:
    for site in definition.sites or (EVERYWHERE,):
        who.check(site, f"custom field {definition.name!r}")


def _wrong(definition: Definition) -> Iterator[Condition]:
    """What an asset whose value does not fit meets, as far as a store can tell: some may fit."""
    known, name = Known(definition.name), definition.name
    match definition.type:
        case Type.NUMBER:
            yield And((known, Not(Known(name.replace(CUSTOM, OWN_NUMBER, 1)))))
        case Type.CHOICE | Type.BOOLEAN:
            yield And((known, Not(_one_of(name, definition.field.words))))
        case Type.DAY | Type.REFERENCE:
            yield known
    for field, places in (("class", definition.classes), ("site", definition.sites)):
        if places:
            yield And((known, Not(_one_of(field, places))))


def _missing(definition: Definition) -> Iterator[Condition]:
    if definition.required:
        places = (("class", definition.classes), ("site", definition.sites))
        within = (_one_of(field, some) for field, some in places if some)
        yield And((Not(Known(definition.name)), *within))


def _one_of(field: str, values: Iterable[str]) -> Condition:
    return Or(tuple(equal(field, each) for each in values))


def _misfit(definition: Definition, item: Mapping[str, object]) -> Misfit | None:
    custom = item["custom"]
    assert isinstance(custom, Mapping), "it was asked for"
    value, site = str(custom[definition.name.removeprefix(CUSTOM)]), str(item["site"])
    reason = definition.misfit(value, site, str(item["class"]))
    return Misfit(str(item["id"]), site, value, reason) if reason else None
