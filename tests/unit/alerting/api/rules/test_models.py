"""What the routes of rules give."""

import json
from datetime import UTC, datetime

from tests.unit.alerting.api.rules.test_routes import FOG

from isthmus.alerting.api.rules.models import VersionItem
from isthmus.alerting.ports.rules import RuleVersion

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_version_shows_its_rule_and_a_deleted_one_shows_none() -> None:
    """Who and when stand beside both."""
    stored = VersionItem.of(RuleVersion("fog", 1, json.dumps(FOG), False, "mara", NOW))
    deleted = VersionItem.of(RuleVersion("fog", 2, "", True, "jo", NOW))

    assert stored.rule is not None
    assert (stored.rule.name, stored.by) == ("fog", "mara")
    assert (deleted.rule, deleted.deleted, deleted.by) == (None, True, "jo")
