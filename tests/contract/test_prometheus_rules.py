"""The platform's own alerts: valid, tested, explained, and on metrics that exist."""

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests import prometheus_metrics as known
from tests.drift import ROOT, WITH_API, wired
from tests.prometheus_tools import tool

from isthmus.collector.domain.reading import Outcome
from isthmus.collector.domain.touches import PollState
from isthmus.runtime.store import StoreFailed

CASES = sorted((ROOT / "tests" / "contract" / "prometheus").glob("*.yaml"))
ALERTS = known.alerts()
LABEL = re.compile(r"\$labels\.(\w+)")
SERIES = re.compile(r'(\w+)="([^"]*)"')
SECTIONS = ("What it means", "What the plant sees", "Find out", "Mend", "Call somebody")
BURN = re.compile(r"ratio_rate(\w+)\{")


def name(rule: dict[str, Any]) -> str:
    return f"{rule['alert']}-{rule['labels']['severity']}"


def checked() -> Iterator[tuple[str, bool, dict[str, str]]]:
    """Alert with severity, whether it is expected to fire, and with which labels."""
    for file in CASES:
        for test in yaml.safe_load(file.read_text())["tests"]:
            for case in test["promql_expr_test"]:
                asked = dict(SERIES.findall(case["expr"]))
                key = f"{asked['alertname']}-{asked['severity']}"
                samples = case["exp_samples"] or [{"labels": ""}]
                for sample in samples:
                    labels = dict(SERIES.findall(sample["labels"]))
                    yield key, bool(case["exp_samples"]), labels


@pytest.mark.parametrize("what", ["check", "test"])
def test_the_rules_pass_promtool(what: str) -> None:
    """They parse, and each fires and stays silent as its cases say."""
    files = known.RULES if what == "check" else CASES
    done = subprocess.run(
        [tool("promtool"), what, "rules", *files], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("rule", ALERTS, ids=name)
def test_an_alert_is_tested_both_ways(rule: dict[str, Any]) -> None:
    """One case in which it fires and one in which it does not; a watchdog always does."""
    tried = {fires for key, fires, _ in checked() if key == name(rule)}

    assert tried == ({True} if rule["alert"] == "IsthmusWatchdog" else {True, False})


@pytest.mark.parametrize("rule", ALERTS, ids=name)
def test_what_an_alert_says_can_be_filled_in(rule: dict[str, Any]) -> None:
    """A label that the expression has aggregated away would leave a hole in the sentence."""
    said = " ".join(rule["annotations"].values())
    shown = [labels for key, fires, labels in checked() if key == name(rule) and fires]

    assert all(set(LABEL.findall(said)) <= labels.keys() for labels in shown)


@pytest.mark.parametrize("rule", ALERTS, ids=name)
def test_an_alert_says_what_a_person_needs(rule: dict[str, Any]) -> None:
    """Severity to route by, a sentence, what it means, and the page that says what to do."""
    annotations = rule["annotations"]

    assert rule["alert"].startswith("Isthmus")
    assert rule["labels"]["severity"] in ("critical", "warning", "none")
    assert annotations.keys() == {"summary", "description", "runbook_url"}
    assert annotations["description"].endswith((".", ")."))
    assert annotations["runbook_url"] == f"{known.RUNBOOKS}{rule['alert']}"


@pytest.mark.parametrize("rule", [*ALERTS, *known.records()], ids=lambda r: next(iter(r.values())))
def test_a_rule_asks_for_what_is_there(rule: dict[str, Any]) -> None:
    """A metric that was renamed would make its alert silent for ever."""
    assert known.mistakes(rule["expr"]) == []


def test_a_word_that_a_rule_selects_is_one_of_the_code() -> None:
    """A label value that nobody sets matches nothing, and an alert on it never fires."""
    words = {
        ("_withheld_polls_total", "reason"): {state.value for state in PollState},
        ("_observations_total", "outcome"): {outcome.value for outcome in Outcome},
        ("_retries_total", "failure"): {StoreFailed.__name__.lower()},
    }
    selected = [s for rule in ALERTS + known.records() for s in known.selectors(rule["expr"])]
    wrong = [
        (selector.name, value)
        for selector in selected
        for (ending, label), values in words.items()
        if selector.name.endswith(ending) and label in selector.matchers
        for value in selector.matchers[label].split("|")
        if value not in values
    ]

    assert wrong == []


def test_each_alert_has_its_page_and_each_page_its_alert() -> None:
    """Who is woken finds what to do; nobody keeps pages of alerts that are gone."""
    pages = {page.stem for page in (ROOT / "docs" / "runbooks").glob("Isthmus*.md")}

    assert pages == {rule["alert"] for rule in ALERTS}


@pytest.mark.parametrize("alert", sorted({rule["alert"] for rule in ALERTS}))
def test_a_page_answers_the_same_questions(alert: str) -> None:
    """In the same order, so that somebody who was just woken finds them."""
    lines = known.page_of(alert).read_text().splitlines()

    assert lines[0] == f"# {alert}"
    assert [line[3:] for line in lines if line.startswith("## ")] == list(SECTIONS)


def test_every_window_of_a_promise_measures_the_same() -> None:
    """Fourteen windows written by hand differ in nothing but the window."""
    by_promise: dict[str, set[str]] = {}
    for rule in known.records():
        if rule["record"].startswith("slo:"):
            window = rule["record"].rpartition("ratio_rate")[2]
            assert f"[{window}]" in rule["expr"]
            made = rule["expr"].replace(f"[{window}]", "[WINDOW]")
            by_promise.setdefault(rule["labels"]["slo"], set()).add(made)

    assert {promise: len(made) for promise, made in by_promise.items()} == {
        "freshness": 1, "delivery": 1, "completeness": 1,
    }  # fmt: skip


@pytest.mark.parametrize("rule", [r for r in ALERTS if r["alert"].endswith("Burn")], ids=name)
def test_a_burn_rate_is_confirmed_by_a_twelfth_of_its_window(rule: dict[str, Any]) -> None:
    """The Site Reliability Workbook, chapter 5: so that it ends soon after the trouble."""
    expected = {
        "critical": ["1h", "5m", "6h", "30m"],
        "warning": ["1d", "2h", "3d", "6h"],
    }

    assert BURN.findall(rule["expr"]) == expected[rule["labels"]["severity"]]


PAGES = sorted((ROOT / "docs" / "runbooks").glob("Isthmus*.md"))
ROUTE = re.compile(r":8080(/v1/[a-z-]+)")
EVENTS = re.compile(r"grep -E '([a-z_|]+)'")
LINK = re.compile(r"\]\(([\w./-]+\.md)")


def commands(page: str) -> list[str]:
    """The lines that a reader copies."""
    return [line for line in page.splitlines() if line.startswith("    ")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_shows_commands_that_work(page: Path) -> None:
    """Routes, metrics, log events, modules, settings and links are those that there are."""
    text = page.read_text()
    shown = "\n".join(commands(text))

    assert set(ROUTE.findall(shown)) <= routes()
    for name_ in re.findall(r"grep (isthmus_\w+)", shown):
        assert any(metric.startswith(name_) for metric in known.services()), name_
    for event in "|".join(EVENTS.findall(shown)).split("|"):
        assert not event or event in events(), event
    for module in re.findall(r"python -m (isthmus\.\w+)", text):
        assert find_spec(f"{module}.__main__") or find_spec(module), module
    for setting in re.findall(r"ISTHMUS_\w+__\w+", text):
        assert setting in (ROOT / "docs" / "settings.md").read_text(), setting
    for link in LINK.findall(text):
        assert (page.parent / link).resolve().exists(), link


@cache
def routes() -> set[str]:
    """The first two parts of every route of ours."""
    paths = (path for service in WITH_API for path in wired(service).http.openapi()["paths"])
    return {"/".join(path.split("/")[:3]) for path in paths}


@cache
def events() -> set[str]:
    """Every event that a service logs."""
    code = [path.read_text() for path in (ROOT / "services").rglob("*.py")]
    logged = re.compile(r'log\.(?:info|warning|error)\(\s*"(\w+)"')
    return {event for text in code for event in logged.findall(text)}
