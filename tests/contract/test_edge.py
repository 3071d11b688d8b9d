"""The page for a small site is true: its settings exist, and its file is taken."""

import re
from pathlib import Path

import pytest
import yaml

from isthmus.collector.adapters import endpoint
from isthmus.collector.adapters.credentials import CredentialsFile
from isthmus.collector.adapters.profiles import ProfileFolder
from isthmus.collector.domain.envelope import Envelope, Zone
from isthmus.collector.handlers.desired import FIELDS
from isthmus.collector.handlers.fields import checked
from isthmus.collector.handlers.targets import ENVELOPE, ROW
from isthmus.collector.handlers.zones import RULES
from isthmus.collector.settings import Settings
from isthmus.runtime.settings import names

PAGE = (Path(__file__).parents[2] / "docs" / "edge.md").read_text()
ROWS = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", PAGE, re.S)[0])


def test_every_setting_of_the_page_exists() -> None:
    """A reader copies them."""
    assert set(re.findall(r"ISTHMUS_[A-Z]+__[A-Z_]+", PAGE)) <= set(names(Settings))


@pytest.mark.parametrize("row", ROWS["targets"], ids=lambda row: str(row["target"]))
def test_each_target_of_the_page_can_be_read(row: dict[str, object]) -> None:
    """Its fields, its endpoint, its profile and its envelope are those of this version."""
    assert set(row) <= set(FIELDS)
    checked(ROW, {"site": "hagen", **row}, at="")
    assert isinstance(checked(ENVELOPE, row.get("envelope", {}), at=""), Envelope)  # type: ignore[arg-type]
    found = endpoint(row["endpoint"])  # type: ignore[arg-type]
    source = found.source(str(row["profile"]), ProfileFolder(), CredentialsFile(None, {}))
    assert source.profile.protocol == found.protocol


@pytest.mark.parametrize("row", ROWS["zones"])
def test_each_zone_of_the_page_is_understood(row: dict[str, object]) -> None:
    """Its rules are those of this version."""
    assert isinstance(checked(RULES, row, at=""), Zone)
