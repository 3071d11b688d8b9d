"""What the API says."""

from datetime import UTC, datetime

from isthmus.inventory.api.assets.models import (
    AssetOut,
    AssetPage,
    EnvelopeModel,
    SiteOut,
    TargetIn,
    TargetOut,
    WindowModel,
)
from isthmus.inventory.domain.assets.model import Asset, Key, Reachability, Report, Said, Tier, view
from isthmus.inventory.domain.assets.precedence import described
from isthmus.inventory.domain.assets.vocabulary import FIELDS, Kind
from isthmus.inventory.domain.polling.targets import Target
from isthmus.inventory.ports.finding import SiteSummary

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OWN = {
    "id", "site", "custom", "status", "reachability", "health", "health_reason", "sources", "keys",
    "discovered_at", "changed_at", "last_seen_at", "revision",
}  # fmt: skip


def test_an_asset_is_shown_with_every_field_under_its_own_name() -> None:
    """Also those that are not known, as empty texts."""
    report = Report(
        "id", "hagen", "plc", "", "x/hagen", NOON, Reachability.ONLINE,
        keys=(Key(Tier.UNIQUE, "global", "serial", "s/1"),), attributes={"class": Said("plc")},
    )  # fmt: skip
    asset = described(Asset("a", NOON, NOON, revision=2), [view(report, None)])

    shown = AssetOut.of(asset).model_dump(by_alias=True, mode="json")

    assert shown.keys() == FIELDS.keys() | OWN
    assert (shown["path"], shown["tags"], shown["custom"]) == ("x/hagen", [], {})
    assert (shown["class"], shown["vendor"], shown["reachability"]) == ("plc", "", "online")
    assert (shown["sources"], shown["keys"]) == (["hagen/plc"], ["global|serial|s/1"])
    assert shown["last_seen_at"] == "2026-03-01T12:00:00Z"


def test_what_a_person_has_said_is_shown_as_it_was_said() -> None:
    """Numbers as decimal text, tags word by word, what a site has added under its own name."""
    asset = Asset("a", NOON, NOON, attributes={
        "purchase_price": "4850.00", "tags": "line-1,retrofit", "custom.cabinet": "7",
    })  # fmt: skip

    shown = AssetOut.of(asset).model_dump(by_alias=True, mode="json")

    assert shown["purchase_price"] == "4850.00"
    assert (shown["tags"], shown["custom"]) == (["line-1", "retrofit"], {"cabinet": "7"})


def test_every_field_of_the_vocabulary_is_described_with_its_example() -> None:
    """In the OpenAPI as in the vocabulary."""
    properties = AssetOut.model_json_schema(by_alias=True)["properties"]

    for name, field in FIELDS.items():
        if field.kind is not Kind.TAGS:
            assert properties[name]["description"] == field.says
            assert properties[name].get("examples", [""]) == [field.example]


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
