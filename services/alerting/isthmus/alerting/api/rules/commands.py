"""The commands that help to write rules: test, lint, explain."""

import sys
from pathlib import Path
from typing import Any

from isthmus.alerting.adapters.rules.cases import SHIPPED_TESTS, cases, failures
from isthmus.alerting.adapters.rules.files import SHIPPED, load
from isthmus.alerting.adapters.rules.parts import RulePart
from isthmus.alerting.domain.rules.conditions import Condition
from isthmus.alerting.handlers.rules.readings import recorded
from isthmus.runtime.errors import IsthmusError

FOLDED = 76


def test(folder: str | None) -> int:
    """Run the tests beside the rules of `folder`; a line for each that fails, 1 if any does."""
    rules = {part.name: part.rule() for part in _parts(folder).values()}
    tests, mistakes = cases(_tests(folder))
    bad = [str(mistake) for mistake in mistakes]
    for case in tests:
        for failure in failures(case, rules, recorded):
            bad.append(f"{case.file.name}:{case.line}: {case.part.name}: {failure}")
    for line in bad:
        print(line, file=sys.stderr)
    print(f"{len(tests)} tests, {len(bad)} failures")
    return int(bool(bad))


def lint(folder: str | None) -> int:
    """Say what is wrong with the rules of `folder`, a line each; 1 if anything is."""
    loaded = load(*_folders(folder))
    tests, mistakes = cases(_tests(folder))
    bad = [str(mistake) for mistake in (*loaded.mistakes, *mistakes)]
    own = load(Path(folder) if folder else SHIPPED).rules
    bad += _untested(own, {(rule, bool(c.part.expect)) for c in tests for rule in c.part.rules})
    for line in bad:
        print(line, file=sys.stderr)
    print(f"{len(own)} rules, {len(bad)} mistakes")
    return int(bool(bad))


def explain(name: str, folder: str | None) -> int:
    """Print what a rule watches, for what it does so, and what it says."""
    part = _parts(folder).get(name)
    if part is None:
        raise IsthmusError(f"rule: {name!r}, expected the name of a rule that there is")
    for word, said in explanation(part):
        print(f"{word + ':':14} {said}")
    return 0


def explanation(part: RulePart) -> list[tuple[str, str]]:
    """What a rule is, in words for a person."""
    rule = part.rule()
    reads = rule.watched.expression.reads if isinstance(rule.watched, Condition) else ()
    shown = {
        "rule": rule.name,
        "priority": ", ".join(f"{each.name} {each.priority}" for each in rule.levels)
        or rule.priority,
        "for": ", ".join(sorted(rule.classes)) or "every device class",
        "watches": rule.watches,
        "reads": ", ".join(sorted(reads)),
        "condition": _condition(part),
        "set point by": part.source,
        "raised after": f"{part.on_delay_s:g} s",
        "cleared after": "a person's reset" if part.latching else f"{part.off_delay_s:g} s",
        "says": rule.message,
        "may harm": f"{rule.consequence}: {rule.impact}",
        "first action": rule.first_action,
        "runbook": rule.runbook,
    }
    return [(word, said) for word, said in shown.items() if said]


def _condition(part: RulePart) -> str:
    kind, watched = part.kind
    said = watched.model_dump(exclude_defaults=True)
    return f"{kind} {', '.join(f'{name} {_listed(value)}' for name, value in said.items())}"


def _listed(value: Any) -> str:
    """A value of a rule as its file would show it."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_listed(each)}" for name, each in value.items())
    if isinstance(value, list):
        return " or ".join(value)
    return f"{value:g}" if isinstance(value, float) else f"{value}"


def _untested(rules: tuple[RulePart, ...], tested: set[tuple[str, bool]]) -> list[str]:
    wanted = {True: "one that fires", False: "one that stays silent"}
    return [
        f"rule {rule.name}: expected a test, {what}"
        for rule in rules
        for fires, what in wanted.items()
        if (rule.name, fires) not in tested
    ]


def _parts(folder: str | None) -> dict[str, RulePart]:
    """The rules that are right, those of `folder` with the shipped ones; the others are told."""
    loaded = load(*_folders(folder))
    for mistake in loaded.mistakes:
        print(mistake, file=sys.stderr)
    return {part.name: part for part in loaded.rules}


def _folders(folder: str | None) -> tuple[Path, ...]:
    own = () if folder is None else (_there(Path(folder)),)
    return (Path(str(SHIPPED)), *own)


def _tests(folder: str | None) -> Path:
    return Path(folder) / "tests" if folder else Path(str(SHIPPED_TESTS))


def _there(folder: Path) -> Path:
    if not folder.is_dir():
        raise IsthmusError(f"folder: {str(folder)!r}, expected a folder that is there")
    return folder
