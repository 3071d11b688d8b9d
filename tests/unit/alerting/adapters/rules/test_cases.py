"""Tests beside rules: what they find, and how they say it."""

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from isthmus.alerting.adapters.rules.cases import SHIPPED_TESTS, Case, cases, failures
from isthmus.alerting.adapters.rules.files import SHIPPED, load
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.handlers.rules.readings import recorded

RULES = {part.name: part.rule() for part in load(SHIPPED).rules}
SHIPPED_CASES, MISTAKES = cases(SHIPPED_TESTS)


def found(folder: Path, content: str, rules: dict[str, Rule] = RULES) -> list[str]:
    (folder / "own.yaml").write_text(dedent(content))
    read, mistakes = cases(folder)
    return [str(m) for m in mistakes] + [f for c in read for f in failures(c, rules, recorded)]


@pytest.mark.parametrize("case", SHIPPED_CASES, ids=lambda case: case.part.name)
def test_the_shipped_rules_do_what_their_tests_say(case: Case) -> None:
    """One that fires and one that stays silent, for each."""
    assert list(failures(case, RULES, recorded)) == []


def test_each_shipped_rule_has_a_test_that_fires_and_one_that_stays_silent() -> None:
    """What nobody has seen fire may never do so."""
    fires = {rule for case in SHIPPED_CASES if case.part.expect for rule in case.part.rules}
    silent = {rule for case in SHIPPED_CASES if not case.part.expect for rule in case.part.rules}

    assert MISTAKES == []
    assert fires == silent == set(RULES)


def test_a_difference_is_one_line_with_expected_and_got(tmp_path: Path) -> None:
    """Only what the test says is compared."""
    content = """
        tests:
          - name: wrong
            rules: [ups-battery-low]
            class: ups
            reports: [{at_s: 0, metrics: {battery_charge: 29 %}}]
            expect: [{at_s: 0, kind: raised, priority: low}, {kind: cleared}]
        """

    assert found(tmp_path, content) == [
        "transition 1: expected at_s=0.0 kind=raised priority=low, got at_s=0.0 kind=raised "
        "rule=ups-battery-low subject=hagen/device-1 priority=high message=The battery of "
        "hagen/device-1 is down to 29 %",
        "transition 2: expected kind=cleared, got none",
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("tests: [{name: a, rules: [nope], reports: [{at_s: 0}], expect: []}]",
         "rules: 'nope', expected a rule that there is"),
        ("tests: [{name: a, rules: [fog], expect: []}]", "own.yaml:1: test 1: expected some of"),
        ("tests: [{name: a, rules: [fog], reports: [{at_s: 0, metrics: {visibility: far}}], "
         "expect: []}]", "own.yaml:1: test 1: reports.0.metrics.visibility: 'far': String should"),
        ("tests: [{name: a, rules: [fog], recorded: none.json, expect: []}]", "recorded: "),
        ("rules: []", "own.yaml:1: expected one key, tests"),
        ("tests: [", "own.yaml:1: no YAML"),
    ],
)  # fmt: skip
def test_a_test_that_is_none_is_told(tmp_path: Path, content: str, expected: str) -> None:
    """It must not pass because nothing was tested."""
    [line] = found(tmp_path, content)

    assert line.startswith(expected)


def test_recorded_reports_are_judged_as_they_came(tmp_path: Path) -> None:
    """The golden reports of the normaliser, for example."""
    report: dict[str, Any] = {
        "id": "1",
        "site": "hagen",
        "target": "ups-1",
        "observed_at": "2026-03-02T08:00:00.250Z",
        "reachability": "REACHABILITY_ONLINE",
        "attributes": [{"name": "class", "value": "ups"}],
        "metric": ["battery_charge"],
        "value": [14],
        "unit": ["%"],
    }
    (tmp_path / "ups.json").write_text(json.dumps({"reports": [report]}))
    content = """
        tests:
          - name: a battery that is nearly empty
            rules: [ups-battery-low]
            recorded: ups.json
            expect: [{at_s: 0, kind: raised, subject: hagen/ups-1}]
        """

    assert found(tmp_path, content) == []
