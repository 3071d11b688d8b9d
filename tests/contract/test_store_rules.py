"""What the store of rules promises, on a real one, through Motor and through its successor."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from isthmus.alerting.adapters.rules.store import VERSIONS_MAX, Rules
from isthmus.alerting.ports.rules import RuleVersion
from isthmus.runtime.codec import Outgoing

NOW = datetime(2026, 1, 1, 12, 0, 0, 123_000, tzinfo=UTC)
RECORD = Outgoing("alerting.rules.v1", b"fog", b"value", [("ce_id", b"1")])


@pytest.fixture
async def rules(database: Any) -> Rules:
    """The store of rules."""
    return Rules(database.rules)


def a_version(version: int, name: str = "fog", **fields: Any) -> RuleVersion:
    given = {"body": f"{{{version}}}", "deleted": False, "by": "mara", "at": NOW}
    return RuleVersion(name, version, **{**given, **fields})


async def test_versions_are_stored_one_after_the_other(rules: Rules) -> None:
    """Each once; what must be published stands with it."""
    assert await rules.write(a_version(1), (RECORD,))
    assert await rules.write(a_version(2, body="", deleted=True), (RECORD,))
    assert not await rules.write(a_version(2), (RECORD,))
    assert not await rules.write(a_version(1), (RECORD,))
    assert not await rules.write(a_version(9), (RECORD,))
    document = await rules.collection.find_one({"_id": "fog"})

    assert await rules.all() == [a_version(2, body="", deleted=True)]
    assert await rules.versions("fog") == [a_version(1), a_version(2, body="", deleted=True)]
    assert await rules.versions("mist") == []
    assert len(document["outbox"]) == 2


async def test_of_many_who_store_the_first_version_one_does(rules: Rules) -> None:
    """The others are told to look again."""
    stored = await asyncio.gather(
        *(rules.write(a_version(1, by=f"p{n}"), (RECORD,)) for n in range(8))
    )

    assert sorted(stored) == [False] * 7 + [True]
    assert len(await rules.versions("fog")) == 1


async def test_the_last_versions_are_kept(rules: Rules) -> None:
    """A document has an end."""
    for version in range(1, VERSIONS_MAX + 4):
        assert await rules.write(a_version(version), ())

    kept = await rules.versions("fog")
    assert [kept[0].version, kept[-1].version] == [4, VERSIONS_MAX + 3]
