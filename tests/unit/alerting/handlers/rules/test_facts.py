"""What rules see of an asset, and of what happened to it."""

from datetime import UTC, datetime

from isthmus.alerting.domain.rules.examine import Happening
from isthmus.alerting.handlers.rules.facts import happening, subject
from isthmus.assets.v1.asset_pb2 import Asset
from isthmus.assets.v1.change_pb2 import Change

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_everything_that_is_said_of_an_asset_is_there_and_nothing_else() -> None:
    """Its own fields under `custom`."""
    asset = Asset(
        id="a",
        site="hagen",
        path="p",
        reachability="REACHABILITY_ONLINE",
        tags=["x"],
        custom={"cabinet": "A1"},
        revision=3,
    )
    setattr(asset, "class", "plc")
    seen = subject(asset)

    assert (seen.id, seen.asset_class, seen.revision) == ("a", "plc", 3)
    assert seen.facts == {
        "site": "hagen",
        "path": "p",
        "class": "plc",
        "tags": ["x"],
        "custom.cabinet": "A1",
        "reachability": "online",
        "health": "unknown",
    }


def test_a_change_is_told_in_the_words_of_rules() -> None:
    """The kind, and what changed."""
    change = Change(kind="CHANGE_KIND_CHANGED", field="zone", before="a", after="b")
    change.observed_at.FromDatetime(NOW)

    assert happening(change) == Happening(NOW, "changed", "zone", "a", "b")
