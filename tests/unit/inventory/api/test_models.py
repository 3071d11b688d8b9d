"""What the API says."""

from datetime import UTC, datetime

from isthmus.inventory.api.models import (
    AssetOut,
    AssetPage,
    EnvelopeModel,
    SiteOut,
    TargetIn,
    TargetOut,
    WindowModel,
)
from isthmus.inventory.domain.model import Asset, Key, Reachability, Report, Tier, described, view
from isthmus.inventory.domain.targets import Target
from isthmus.inventory.ports import SiteSummary

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FIELDS = {
    "id", "site", "path", "class", "vendor", "family", "model", "serial", "order_code", "hardware",
    "firmware", "software", "name", "purdue_level", "reachability", "health", "health_reason",
    "asset_tag", "criticality", "cpe", "lifecycle", "released", "end_of_sale", "end_of_support",
    "sources", "keys", "discovered_at", "changed_at", "last_seen_at", "revision",
}  # fmt: skip


def test_an_asset_is_shown_with_every_field_under_its_own_name() -> None:
    """Also those that are not known, as empty texts."""
    report = Report(
        "id", "hagen", "plc", "", "x/hagen", NOON, Reachability.ONLINE,
        keys=(Key(Tier.UNIQUE, "global", "serial", "s/1"),), attributes={"class": "plc"},
    )  # fmt: skip
    asset = described(Asset("a", NOON, NOON, revision=2), [view(report, None)])

    shown = AssetOut.of(asset).model_dump(by_alias=True, mode="json")

    assert shown.keys() == FIELDS
    assert (shown["class"], shown["vendor"], shown["reachability"]) == ("plc", "", "online")
    assert (shown["sources"], shown["keys"]) == (["hagen/plc"], ["global|serial|s/1"])
    assert shown["last_seen_at"] == "2026-03-01T12:00:00Z"


def test_every_field_says_what_it_means() -> None:
    """Readers of the documentation need no other page."""
    for model in (AssetOut, TargetIn, SiteOut, EnvelopeModel, WindowModel):
        for name, field in model.model_fields.items():
            assert field.description or name == "site", f"{model.__name__}.{name}"


def test_the_last_page_has_no_next() -> None:
    """Null, not an empty text."""
    assert AssetPage(items=[], next=None).model_dump() == {"items": [], "next": None}


def test_sites_and_targets_are_shown_as_they_are() -> None:
    """Field by field."""
    target = Target("hagen", "plc", "x/hagen", 2.0, "m340", {"protocol": "modbus"})

    assert SiteOut.of(SiteSummary("hagen", 2, 1, NOON)).online == 1
    assert TargetOut.of(target, NOON).model_dump() == {
        "site": "hagen", "target": "plc", "path": "x/hagen", "interval_s": 2.0, "profile": "m340",
        "endpoint": {"protocol": "modbus"}, "envelope": None, "updated_at": NOON,
    }  # fmt: skip
