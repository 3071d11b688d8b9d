"""Keeping the policy, and making assets agree with it."""

from collections.abc import Mapping

from tests.unit.inventory.domain.world import Inventory, report, serial

from isthmus.inventory.domain.assets.model import Asset
from isthmus.inventory.domain.assets.plan import Plan
from isthmus.inventory.domain.assets.precedence import Policy
from isthmus.inventory.domain.assets.vocabulary import Origin, Precedence
from isthmus.inventory.handlers.assets.policy import Policies


class Kept:
    """The policy, three assets of which one is disputed, and a writer that loses once."""

    def __init__(self) -> None:
        self.world = Inventory()
        for number in range(3):
            self.world.take(report(f"plc-{number}", 0, serial(f"s/{number}"),
                                   attributes={"serial": f"{number}"}))  # fmt: skip
        row = report("sap:1", 5, serial("s/1"), origin=Origin.IMPORT, attributes={"serial": "one"})
        self.world.take(row)
        self.order: dict[str, Precedence] = {}
        self.races = 1

    async def decided(self) -> Mapping[str, Precedence]:
        return dict(self.order)

    async def decide(self, field: str, order: Precedence | None) -> None:
        self.order.pop(field, None)
        if order:
            self.order[field] = order

    async def assets(self, sites: object, after: str, limit: int) -> list[Asset]:
        found = sorted(self.world.assets.values(), key=lambda asset: asset.id)
        return [asset for asset in found if asset.id > after][:1]

    async def asset(self, id: str, sites: object) -> Asset | None:
        return self.world.assets.get(id)

    async def carry_out(self, plan: Plan, traces: object) -> bool:
        if self.races:
            self.races -= 1
            return False
        for write in plan.gains:
            self.world.assets[write.after.id] = write.after
            self.world.history += write.changes
        return True

    def serials(self) -> list[str]:
        return sorted(asset.attributes["serial"] for asset in self.world.assets.values())


async def test_a_decision_is_told_and_every_asset_agrees_with_it() -> None:
    """The one on which the two sources differ shows the other value, and says who wanted that."""
    kept, heard = Kept(), list[Policy]()
    policies = Policies(kept, kept, kept, heard.append)  # type: ignore[arg-type]

    changed = await policies.decide("serial", ("sap", "device"), "mara")

    assert changed == 1
    assert kept.serials() == ["0", "2", "one"]
    assert heard == [Policy({"serial": ("sap", "device")})]
    change = kept.world.history[-1]
    assert (change.field, change.before, change.after) == ("serial", "1", "one")
    assert change.cause.actor == "mara"


async def test_a_decision_can_be_taken_back() -> None:
    """Then it is as the vocabulary says."""
    kept = Kept()
    policies = Policies(kept, kept, kept)  # type: ignore[arg-type]
    await policies.decide("serial", ("sap",), "mara")

    assert await policies.decide("serial", None, "mara") == 1
    assert kept.serials() == ["0", "1", "2"]


async def test_what_another_replica_has_decided_is_heard_once() -> None:
    """A policy that is as it was is no news."""
    kept, heard = Kept(), list[Policy]()
    policies = Policies(kept, kept, kept, heard.append)  # type: ignore[arg-type]
    kept.order = {"owner": ("cmdb",)}

    await policies.refresh()
    await policies.refresh()

    assert heard == [policies.current] == [Policy({"owner": ("cmdb",)})]


async def test_the_policy_is_known_before_the_first_report() -> None:
    """A replica that starts does not judge by the vocabulary what a person has decided."""
    kept, heard = Kept(), list[Policy]()
    kept.order = {"owner": ("cmdb",)}

    await Policies(kept, kept, kept, heard.append).prepare()  # type: ignore[arg-type]

    assert heard == [Policy({"owner": ("cmdb",)})]
