"""Which profile fits a device."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.collector.domain.recognition import TEXT_MAX, contradicts, fits, matching, pattern

RULES = {
    "m340": {"VendorName": "(?i)schneider.*", "ProductCode": "BMX.*"},
    "schneider": {"VendorName": "(?i)schneider.*"},
    "wago": {"VendorName": "WAGO"},
}


def test_the_profile_with_most_conditions_wins() -> None:
    """A maker's profile is for what has no better one."""
    facts = {"VendorName": "Schneider Electric", "ProductCode": "BMX P34"}
    assert matching(RULES, facts) == ["m340"]
    assert matching(RULES, facts | {"ProductCode": "TM218"}) == ["schneider"]


def test_two_profiles_that_say_as_much_are_both_named() -> None:
    """Which of them is meant, a person decides."""
    rules = RULES | {"other": {"ProductCode": "750.*"}}
    assert matching(rules, {"VendorName": "WAGO", "ProductCode": "750-8212"}) == ["other", "wago"]


def test_an_expression_matches_the_whole_fact() -> None:
    """`FC-302` is not `FC-3020`."""
    assert fits({"model": "FC-302"}, {"model": "FC-302"})
    assert not fits({"model": "FC-302"}, {"model": "FC-3020"})


def test_a_fact_that_is_not_there_matches_nothing_and_contradicts_nothing() -> None:
    """Silence says neither yes nor no."""
    assert not fits(RULES["wago"], {})
    assert not contradicts(RULES["wago"], {})
    assert contradicts(RULES["wago"], {"VendorName": "Siemens"})


def test_a_profile_without_conditions_matches_nothing() -> None:
    """It is named by a target, or not used."""
    assert matching({"any": {}}, {"VendorName": "WAGO"}) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(", "no regular expression"),
        ("(a+)+", "repeats a group"),
        ("(a|b)*c", "repeats a group"),
        (r"(a)\1", "looks around or back"),
        ("(?=a)b", "looks around or back"),
        (".*a.*b.*c.*", "more than 3 repetitions"),
    ],
)
def test_an_expression_that_may_cost_much_is_refused(text: str, reason: str) -> None:
    """A device chooses the text that it runs on."""
    with pytest.raises(ValueError, match=reason):
        pattern(text)


@pytest.mark.parametrize(
    "text", [r"1\.3\.6\.1\.4\.1\.9(\..*)?", r"PM8\d\d.*", r"\(C\)\*", r"[A-Z]{3}\d{4}", "(?i)a|b"]
)
def test_an_ordinary_expression_is_taken(text: str) -> None:
    """Escaped signs repeat nothing."""
    assert pattern(text) == text


@given(st.text(max_size=40), st.text(max_size=40))
def test_matching_never_fails_on_what_a_device_says(name: str, fact: str) -> None:
    """Any fact is a yes or a no."""
    assert set(matching(RULES, {name: fact, "VendorName": fact})) <= set(RULES)


def test_only_the_beginning_of_a_long_text_is_looked_at() -> None:
    """What a match costs is bounded by us, not by the device."""
    dearest = pattern(".*a.*a.*b")
    assert not fits({"sysDescr": dearest}, {"sysDescr": "a" * 1_000_000})
    assert fits({"sysDescr": "a*"}, {"sysDescr": "a" * TEXT_MAX + "b"})
