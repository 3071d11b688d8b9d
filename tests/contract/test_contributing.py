"""The worked example in CONTRIBUTING.md: a maker that the catalogue does not know yet."""

import re
import shutil
import textwrap
from pathlib import Path

import pytest

from isthmus.normalizer.adapters import catalog
from isthmus.normalizer.domain.lint import lint
from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.handlers.explain import explain
from isthmus.telemetry.v1 import observation_pb2 as pb

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text()
SECTION = PAGE.partition("## A new maker, step by step")[2].partition("\n## ")[0]
FENCED = re.compile(r"^ +```(?:yaml)?\n(.*?)```", re.MULTILINE | re.DOTALL)
VENDOR, FAMILY, DEAD, EXPLAINED = map(textwrap.dedent, FENCED.findall(SECTION))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped catalogue with the example in it."""
    copy = tmp_path / "catalog"
    shutil.copytree(catalog.SHIPPED, copy)
    (copy / "vendors" / "example.yaml").write_text(VENDOR)
    with (copy / "families" / "motion.yaml").open("a") as file:
        file.write(FAMILY)
    return copy


def test_the_example_is_whole(folder: Path) -> None:
    """The linter has nothing to say of it."""
    found = catalog.load(folder)
    mistakes = [m for m in lint(found, catalog.examples(folder)) if "nordwerk" in m]

    assert mistakes == []


def test_a_rule_that_no_example_needs_is_said_as_shown(folder: Path) -> None:
    """Letter for letter."""
    dead = "recognise:\n    - {model: '^NM-5'}\n"
    file = folder / "families" / "motion.yaml"
    file.write_text(file.read_text().replace(FAMILY, FAMILY.replace("recognise:\n", dead)))
    mistakes = [m for m in lint(catalog.load(folder), catalog.examples(folder)) if "dead" in m]

    assert DEAD.strip() in [f"catalog: {folder.name}/{mistake}" for mistake in mistakes]


def test_explain_says_what_is_shown(folder: Path) -> None:
    """Of the device that nobody knew."""
    device = pb.Device(
        outcome=pb.OUTCOME_OK,
        fact=["VendorName", "ProductCode"],
        text=["NORDWERK MOTION", "NM-400/7"],
    )
    message = pb.Observation(
        site="hagen",
        target="press-plc-3",
        protocol="modbus",
        address="127.0.0.1:502",
        outcome=pb.OUTCOME_OK,
        devices=[device],
    )
    lines = list(explain(Normalizer(catalog.load(folder)), message))

    for line in textwrap.dedent(EXPLAINED).splitlines():
        assert f"  {line.strip()}" in lines
