"""The commands that help to write rules."""

from pathlib import Path

import pytest

from isthmus.alerting.api.rules import commands
from isthmus.runtime.errors import IsthmusError

RULE = """
rules:
  - name: own
    priority: {hi: low, hihi: high}
    message: "{source}"
    impact: It breaks.
    first_action: Look.
    consequence: equipment
    threshold: {metric: speed, unit: m/s, above: {hi: 3, hihi: 5}}
"""
CASE = """
tests:
  - name: too fast
    rules: [own]
    reports: [{{at_s: 0, metrics: {{speed: 4 m/s}}}}]
    expect: [{{at_s: 0, kind: {kind}}}]
  - name: slow
    rules: [own]
    reports: [{{at_s: 0, metrics: {{speed: 2 m/s}}}}]
    expect: []
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of one rule, with its tests."""
    (tmp_path / "own.yaml").write_text(RULE)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "own.yaml").write_text(CASE.format(kind="raised"))
    return tmp_path


def test_tests_that_hold_are_counted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0."""
    assert commands.test(str(folder)) == 0
    assert capsys.readouterr().out == "2 tests, 0 failures\n"


def test_a_test_that_fails_is_one_line_with_its_place(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, as promtool does."""
    (folder / "tests" / "own.yaml").write_text(CASE.format(kind="cleared"))

    assert commands.test(str(folder)) == 1
    told = capsys.readouterr()
    assert told.out == "2 tests, 1 failures\n"
    assert told.err.startswith(
        "own.yaml:3: too fast: transition 1: expected at_s=0.0 kind=cleared, got at_s=0.0 "
    )


def test_lint_tells_mistakes_and_rules_that_nobody_tests(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By file and line."""
    assert commands.lint(str(folder)) == 0
    (folder / "own.yaml").write_text(RULE + "  - {name: bad}\n")
    (folder / "tests" / "own.yaml").write_text("tests: []")

    assert commands.lint(str(folder)) == 1
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("own.yaml:10: rule bad: priority: ")
    assert "rule own: expected a test, one that fires" in told
    assert "rule own: expected a test, one that stays silent" in told


def test_a_rule_is_explained_in_words(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a person needs to judge it."""
    assert commands.explain("own", str(folder)) == 0
    told = capsys.readouterr().out

    assert "priority:      hi low, hihi high\n" in told
    assert "may harm:      equipment: It breaks.\n" in told
    with pytest.raises(IsthmusError, match=r"^rule: 'nope', expected the name of a rule"):
        commands.explain("nope", None)


def test_a_folder_that_is_not_there_is_told() -> None:
    """In one line."""
    with pytest.raises(IsthmusError, match=r"^folder: '/nowhere', expected a folder"):
        commands.lint("/nowhere")
