"""Rule files: each mistake is one line that names file, rule, field and what was expected."""

from pathlib import Path
from textwrap import dedent

import pytest

from isthmus.alerting.adapters.rules.files import SHIPPED, Mistake, load
from isthmus.alerting.domain.rules.conditions import Limit, Limits, State, Threshold

GOOD = """
  - {name: good, priority: low, message: m, impact: i, first_action: f, consequence: cost,
     threshold: {metric: speed, unit: m/s, above: 3}}
"""
START = "priority: low, message: m, impact: i, first_action: f, consequence: cost"


def mistakes(folder: Path, content: str) -> list[str]:
    (folder / "own.yaml").write_text(dedent(content))
    found = [str(mistake) for mistake in load(SHIPPED, folder).mistakes]
    assert all("\n" not in line for line in found)
    return found


def test_the_shipped_rules_have_no_mistake() -> None:
    """And each says what to do first."""
    loaded = load(SHIPPED)

    assert loaded.mistakes == ()
    assert len(loaded.rules) >= 60
    assert all(rule.first_action.endswith(".") for rule in loaded.rules)


def test_the_temperature_rule_notices_ten_seconds_at_a_poll_each_two() -> None:
    """Its delays are no longer than one second."""
    rule = next(rule for rule in load(SHIPPED).rules if rule.name == "temperature-high")

    assert rule.rule().watched == Threshold("temperature", "Cel", Limits((Limit(80),), deadband=5))
    assert max(rule.on_delay_s, rule.off_delay_s) <= 1


def test_a_folder_adds_rules(tmp_path: Path) -> None:
    """The shipped ones stay."""
    assert mistakes(tmp_path, f"rules:{GOOD}") == []
    names = {rule.name for rule in load(SHIPPED, tmp_path).rules}

    assert {"good", "device-offline"} <= names


def test_the_other_rules_of_a_file_with_a_mistake_go_on(tmp_path: Path) -> None:
    """One bad rule silences none but itself."""
    bad = "  - {name: bad, priority: low}\n"
    found = mistakes(tmp_path, f"rules:\n{bad}{GOOD}")

    assert found
    assert all(line.startswith("own.yaml:2: rule bad: ") for line in found)
    assert "good" in {rule.name for rule in load(SHIPPED, tmp_path).rules}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (
            f"{{name: b, {START}, state: {{health: [broken]}}}}",
            "rule b: state.health.0: 'broken': Input should be 'failure', 'check_function', "
            "'off_spec' or 'maintenance_required'",
        ),
        (
            f"{{name: b, {START}, threshold: {{metric: t, unit: Cel}}}}",
            "rule b: threshold: expected one of above, below",
        ),
        (
            f"{{name: b, {START}, threshold: {{metric: t, unit: Cel, above: hot}}}}",
            "rule b: threshold.above: 'hot': Input should be a valid number",
        ),
        (
            f"{{name: b, {START}, threshold: {{metric: t, unit: Cel, above: .nan}}}}",
            "rule b: threshold.above: nan: Input should be a finite number",
        ),
        (f"{{name: b, {START}}}", "rule b: expected one of threshold, rate, state"),
        (
            f"{{name: b, {START}, state: {{}}}}",
            "rule b: state: expected one of reachability, health",
        ),
        (
            f"{{name: b, {START}, on_delay: 3, change: {{attribute: firmware}}}}",
            "rule b: on_delay: 3: Extra inputs are not permitted",
        ),
        (
            f"{{name: b, {START}, on_delay_s: -1, change: {{attribute: firmware}}}}",
            "rule b: on_delay_s: -1: Input should be greater than or equal to 0",
        ),
        (
            '{name: b, priority: low, message: "{nam}", impact: i, first_action: f, '
            "consequence: cost, change: {attribute: firmware}}",
            "rule b: message: '{nam}': 'nam' in a template, expected only {…} of source, value",
        ),
        (f"{{name: Device Down, {START}}}", "rule Device Down: name: 'Device Down': String should"),
        ("just words", "rule 1: Input should be a valid dictionary"),
        (
            f"{{name: device-offline, {START}, change: {{attribute: firmware}}}}",
            "rule device-offline: name: is taken by another rule",
        ),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, rule: str, expected: str) -> None:
    """File, rule, field, value, expected."""
    assert mistakes(tmp_path, f"rules:\n  - {rule}\n")[0].startswith(f"own.yaml:2: {expected}")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("rules: [", "own.yaml:1: no YAML: "),
        ("rule: []", "own.yaml:1: expected one key, rules, with a list of rules"),
        ("rules: {}", "own.yaml:1: rules: expected a list of rules"),
        ("- a", "own.yaml:1: expected one key, rules"),
    ],
)
def test_a_file_that_is_no_rule_file_is_named(tmp_path: Path, content: str, expected: str) -> None:
    """It costs no other file its rules."""
    [line] = mistakes(tmp_path, content)

    assert line.startswith(expected)


def test_only_yaml_files_are_read(tmp_path: Path) -> None:
    """A note beside the rules is no rule."""
    (tmp_path / "README.md").write_text("no rules")

    assert load(SHIPPED, tmp_path).mistakes == ()


def test_reachability_and_health_are_both_states(tmp_path: Path) -> None:
    """Told apart by the word that is given."""
    rule = f"{{name: b, {START}, state: {{reachability: [offline, degraded]}}}}"
    mistakes(tmp_path, f"rules: [{rule}]")
    found = next(rule for rule in load(SHIPPED, tmp_path).rules if rule.name == "b")

    assert found.rule().watched == State("reachability", frozenset({"offline", "degraded"}))


def test_a_mistake_is_told_with_the_line_of_the_field_that_is_wrong(tmp_path: Path) -> None:
    """Not with that of the rule alone: rules are long."""
    [line] = mistakes(
        tmp_path,
        """
        rules:
          - name: b
            priority: low
            message: m
            impact: i
            first_action: f
            consequence: cost
            threshold:
              metric: t
              unit: Cel
              above: hot
        """,
    )

    assert line.startswith("own.yaml:12: rule b: threshold.above")


def test_a_key_that_stands_twice_is_a_mistake(tmp_path: Path) -> None:
    """The library would take the last one without a word."""
    [line] = mistakes(tmp_path, "rules: []\nrules: []\n")

    assert line == str(Mistake("own.yaml", 2, "no YAML: rules stands here twice"))
