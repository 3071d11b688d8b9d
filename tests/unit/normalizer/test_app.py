"""The wiring of the service."""

from pathlib import Path

import pytest

from isthmus.normalizer.app import explained
from isthmus.runtime.errors import IsthmusError

GOLDEN = Path(__file__).parents[2] / "golden"


def test_a_golden_observation_can_be_explained(folder: Path) -> None:
    """Whoever wonders about a device asks with a recording of it."""
    lines = list(explained(folder, GOLDEN / "hagen-ups-1" / "observation.json"))

    assert lines[0] == "hagen/ups-1"
    assert "  health off_spec  upsBatteryStatus=3" in lines


def test_a_folder_that_is_no_catalogue_is_named(tmp_path: Path) -> None:
    """The first file that is missing is said."""
    with pytest.raises(IsthmusError, match=r"vendors\.yaml: No such file"):
        list(explained(tmp_path, GOLDEN / "hagen-ups-1" / "observation.json"))
