"""Groups of alarms, by where their subjects stand."""

from datetime import UTC, datetime

from isthmus.alerting.domain.alarms.events import Signal
from isthmus.alerting.domain.rules.conditions import Count, Limit, Limits
from isthmus.alerting.domain.rules.groups import Groups, Standing
from isthmus.alerting.domain.rules.rule import Rule

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LINE = "nordwerk/hagen/press-shop/line-1"
TWO = Count(frozenset({"offline", "failed"}), "line", Limits((Limit(2),)))
MOST = Count(frozenset({"silent"}), "site", Limits((Limit(80),)), share=True, least=3)


def standing(rule: str, subject: str, path: str = f"{LINE}/press-1") -> Standing:
    return Standing(rule, subject, "hagen", "", path)


def told(
    groups: Groups, count: Count, *open: str, sources: int = 10
) -> list[tuple[str, Signal, float]]:
    rule = Rule("r", "low", "{source}", "Look.", count)
    found = groups.judge(rule, count, set(open), lambda by, name: sources, NOW)
    return [(name, sample.signal, sample.value) for name, sample in found]


def test_a_group_counts_each_subject_once_however_it_fails() -> None:
    """And only the rules that it is about, and only where they stand."""
    groups = Groups()
    for number, (rule, subject) in enumerate(
        [("offline", "a"), ("failed", "a"), ("failed", "b"), ("hot", "c")]
    ):
        groups.put(str(number), standing(rule, subject))
    groups.put("4", standing("offline", "d", "nordwerk/hagen/press-shop/line-2/press-1"))
    groups.put("5", standing("offline", "e", "nordwerk/hagen"))

    assert told(groups, TWO) == []
    groups.put("6", standing("offline", "f"))
    assert told(groups, TWO) == [(LINE, Signal.BEYOND, 3.0)]


def test_a_group_is_well_again_when_its_alarms_are_over() -> None:
    """Only a group whose alarm is open is told of that."""
    groups = Groups()
    groups.put("1", standing("offline", "a"))
    groups.put("1", None)
    groups.put("unknown", None)

    assert told(groups, TWO) == []
    assert told(groups, TWO, LINE) == [(LINE, Signal.CLEAR, 0.0)]


def test_a_share_is_of_the_sources_that_are_known_and_needs_some_alarms() -> None:
    """Two of two silent devices are no silent site."""
    groups = Groups()
    for subject in "ab":
        groups.put(subject, standing("silent", subject))
    assert told(groups, MOST, sources=2) == []
    groups.put("c", standing("silent", "c"))

    assert told(groups, MOST, sources=3) == [("hagen", Signal.BEYOND, 100.0)]
    assert told(groups, MOST, sources=0) == [("hagen", Signal.BEYOND, 100.0)]
    assert told(groups, MOST, sources=10) == []
    assert told(groups, MOST, "hagen", sources=10) == [("hagen", Signal.CLEAR, 30.0)]


def test_a_group_knows_its_site() -> None:
    """Also that of a line, whose name does not begin with it."""
    groups = Groups()
    groups.put("1", standing("offline", "a"))

    assert groups.site("line", LINE) == "hagen"
    assert groups.site("site", "lyon") == "lyon"
