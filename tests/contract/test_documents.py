"""Documentation is true: its commands exist, its code compiles, its links lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_command_that_is_named_exists(page: Path) -> None:
    """A reader types what stands there."""
    named = {
        word
        for command in re.findall(r"(?:^|`)make ((?:[a-z]+ ?)+)", page.read_text(), re.M)
        for word in command.split()
    }

    assert named <= TARGETS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    """Relative links only; the others are not ours to keep."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_in_a_page_compiles(page: Path) -> None:
    """What it does is tested end to end; here, that it is Python at all."""
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.S):
        compile(block, str(page), "exec")


def test_the_demo_command_says_the_number_of_devices_that_there_are() -> None:
    """The first figure that a stranger reads."""
    fleet = (ROOT / "simulators" / "fleet.yaml").read_text()
    devices = fleet.split("\ndevices:")[1].split("\nevents:")[0].count("\n  - name:")

    assert f"{devices} devices" in (ROOT / "README.md").read_text()
