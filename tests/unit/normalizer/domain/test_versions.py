"""Versions order as their makers count, and have names in CPE 2.3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.normalizer.domain import versions

numbers = st.lists(st.integers(0, 10**17), min_size=1, max_size=5)


def stripped(parts: list[int]) -> list[int]:
    """Without zeros at the end, which say nothing: 2.0 is 2."""
    while parts and parts[-1] == 0:
        parts = parts[:-1]
    return parts


def ordered(scheme: str, *these: str) -> None:
    """Each is older than the next."""
    keys = [versions.order(each, scheme) for each in these]

    assert keys == sorted(keys)
    assert len(set(keys)) == len(these)


@given(numbers, numbers)
def test_an_order_key_sorts_as_the_numbers_do(one: list[int], two: list[int]) -> None:
    """Of any two dotted versions, as texts compare."""
    first, second = (versions.order(".".join(map(str, n)), "dotted") for n in (one, two))

    assert (first < second) == (stripped(one) < stripped(two))
    assert (first == second) == (stripped(one) == stripped(two))


@given(numbers)
def test_leading_zeros_change_nothing(parts: list[int]) -> None:
    """03.10.08 is 3.10.8."""
    padded = ".".join(f"{part:020}" for part in parts)

    assert versions.order(padded, "dotted") == versions.order(".".join(map(str, parts)), "dotted")


@given(numbers, st.sampled_from(sorted(versions.BEFORE)), st.integers(0, 99))
def test_a_pre_release_comes_before_its_release(parts: list[int], word: str, at: int) -> None:
    """And behind the release before it."""
    release = ".".join(map(str, [*parts, 1]))
    before = versions.order(f"{release}-{word}{at}", "dotted")

    assert before < versions.order(release, "dotted")
    assert before > versions.order(".".join(map(str, [*parts, 0])), "dotted")


@pytest.mark.parametrize(
    ("scheme", "these"),
    [
        ("dotted", ["2.0-rc1", "2.0-rc2", "2.0", "2.0.1", "2.0.10", "2.1b", "10"]),
        ("dotted", ["C2.4", "C2.10", "C3"]),
        ("digits", ["2.90", "3.10", "3.11", "3.20", "3.21", "4.01"]),
        ("cisco", ["12.2(55)SE9", "12.2(55)SE10", "15.2(7)E3", "15.2(7)E10", "15.2(8)E", "16.3.1"]),
        ("cisco", ["16.12.5", "16.12.5b", "17.3.1", "17.3.2a"]),
        ("junos", ["15.1X53-D60", "15.1R1", "15.1R7-S2", "15.1R7-S10", "15.1R8", "21.4B1"]),
        ("junos", ["21.4B1", "21.4R1", "21.4R3", "21.4R3-S2", "21.4R10", "22.1R1"]),
        ("date", ["20181231", "2019-03-04", "2019.03.05", "20200101"]),
        ("date", ["1.2", "1.10"]),
    ],
)
def test_each_scheme_counts_as_its_makers_do(scheme: str, these: list[str]) -> None:
    """Oldest first."""
    ordered(scheme, *these)


@pytest.mark.parametrize(
    ("scheme", "one", "two"),
    [
        ("dotted", "3.2", "3.2.0"),
        ("dotted", "2.0-rc1", "2-RC1"),
        ("digits", "3.20", "3.2.0"),
        ("digits", "3.2", "3.20"),
        ("date", "2019-03-04", "20190304"),
    ],
)
def test_two_spellings_of_one_version_are_one(scheme: str, one: str, two: str) -> None:
    """Nothing is newer than itself."""
    assert versions.order(one, scheme) == versions.order(two, scheme)


@pytest.mark.parametrize("scheme", sorted(versions.SCHEMES))
@pytest.mark.parametrize("text", ["", "unknown", "²", "-"])
def test_what_has_no_number_has_no_order(scheme: str, text: str) -> None:
    """Nobody can tell whether it is old."""
    assert versions.order(text, scheme) == ""


@pytest.mark.parametrize("scheme", sorted(versions.SCHEMES))
@given(text=st.text(max_size=80))
def test_any_text_has_an_order_or_none(scheme: str, text: str) -> None:
    """A device may call anything its version."""
    assert isinstance(versions.order(text, scheme), str)


@pytest.mark.parametrize(
    ("version", "shown"),
    [
        ("3.2.10", "3.2.10"),
        ("15.2(7)E3", r"15.2\(7\)e3"),
        ("16.12.5b", "16.12.5b"),
        ("6.1.1-2", "6.1.1-2"),
        ("1.0 beta 2", "1.0_beta_2"),
        ("a:b*c?", r"a\:b\*c\?"),
        ("2\\3", r"2\\3"),
        ("1.0 été", "1.0_t_"),
        ("-", r"\-"),
        ("", "*"),
    ],
)
def test_a_cpe_name_escapes_what_would_mean_something(version: str, shown: str) -> None:
    """NISTIR 7695, 6.2: a lone - would say that there is no version, * that any is meant."""
    name = versions.cpe("o:acme:pump_firmware", version)

    assert name == f"cpe:2.3:o:acme:pump_firmware:{shown}:*:*:*:*:*:*:*"


@given(st.text(max_size=40))
def test_a_cpe_name_has_thirteen_parts_of_plain_characters(version: str) -> None:
    """Whatever a device calls its version."""
    name = versions.cpe("a:acme:pump", version)
    unescaped = name.replace("\\\\", "").replace("\\:", "")

    assert unescaped.count(":") == 12
    assert name.isascii()
    assert not any(c.isspace() or c.isupper() for c in name)
