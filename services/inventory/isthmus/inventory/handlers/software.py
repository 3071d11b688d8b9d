"""Makes the software portfolio of what is installed, and of what people say of applications."""

from bisect import bisect_right
from collections.abc import Sequence

from isthmus.inventory.domain.relations.relations import RelationKind
from isthmus.inventory.domain.software import Product, products
from isthmus.inventory.ports.relations import RelationStore
from isthmus.inventory.ports.software import Installations
from isthmus.runtime.access import Sites

AHEAD = 50
"""Products of which all installations are read at once."""


class Portfolio:
    """Products page by page; holds one page of them, however many installations they have."""

    def __init__(self, installations: Installations, relations: RelationStore) -> None:
        self._installations = installations
        self._relations = relations

    async def products(self, sites: Sites, after: str, limit: int) -> list[Product]:
        """At most `limit` products of these sites whose key comes after `after`, by key."""
        keys = await self._installations.keys()
        at = bisect_right(keys, after)
        found: list[Product] = []
        while len(found) < limit and at < len(keys):
            some = keys[at : at + min(limit - len(found), AHEAD)]
            at += len(some)
            found += products(await self._installations.installed(some, sites))
        await self._deploy(found, sites)
        return found

    async def _deploy(self, products: Sequence[Product], sites: Sites) -> None:
        """Where applications run and who uses them, as people have declared it."""
        owners = {id: product for product in products for id in product.applications}
        declared = await self._relations.declared(owners.keys()) if owners else []
        users: dict[str, set[str]] = {}
        for each in declared:
            if each.kind == RelationKind.RUNS_ON and each.start in owners:
                owners[each.start].runs_on(each.start, each.end)
            if each.kind == RelationKind.USES and each.end in owners:
                users.setdefault(each.start, set()).add(each.end)
        nodes = await self._relations.nodes(users.keys(), sites) if users else {}
        for user, node in nodes.items():
            for application in users[user]:
                owners[application].used_by.add(node.site)
