"""The order of versions."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.versions import order_key

PARTS = st.one_of(
    st.integers(0, 10**12).map(str),
    st.sampled_from(["E", "a", "rc", "beta", "X", "D", "v", "SP", "é", "²", "alpha"]),
)
APART = st.sampled_from([".", "-", "_", "(", ")", " ", "/", "", "+"])
VERSIONS = st.lists(st.tuples(PARTS, APART), max_size=6).map(
    lambda parts: "".join(part + apart for part, apart in parts)
)
NUMBERED = st.lists(st.integers(0, 10**9), min_size=1, max_size=5)


@pytest.mark.parametrize(
    "ascending",
    [
        ("2.8.3", "2.9", "2.10", "2.10.1", "10.0"),
        ("1.0.2", "1.0.2a", "1.0.2b", "1.0.3"),
        ("15.2(2)E", "15.2(7)E3", "15.2(7)E10", "15.2(7a)E3", "15.2(8)E"),
        ("12.1", "12.1R1", "12.1X46-D40", "12.1X46-D45", "12.1X47-D10", "12.2"),
        ("10.2.3", "10.2.3-h4", "10.2.3-h12", "10.2.4"),
        ("4.19.0-17", "4.19.0-18-amd64", "4.20"),
        # SemVer 2.0.0, rule 11.4.4
        ("1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
         "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0"),
        ("2.0beta1", "2.0rc1", "2.0 RC 2", "2.0", "2.0.1-rc1", "2.0.1"),
        ("1", "1.0", "1.0.0"),
        ("", "1", "A"),
    ],
)  # fmt: skip
def test_the_versions_of_makers_stand_in_their_order(ascending: tuple[str, ...]) -> None:
    """Each is less than the one behind it."""
    keys = [order_key(each) for each in ascending]

    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    "texts",
    [
        ("V2.8.3", "2.8.3", "v 2.08.3", "Version 2.8.3", "FW_2.8.3", "2.8.3+build.5", " 2-8-3 "),
        ("15.2(7)e3", "15.2(7)E3"),
        ("1.0-RC1", "1.0rc1", "1.0-rc.1"),
        ("0", "00"),
    ],
)
def test_what_means_the_same_version_is_equal(texts: tuple[str, ...]) -> None:
    """Prefix, case, zeros, separators and what a build is called do not matter."""
    assert len({order_key(each) for each in texts}) == 1


@given(NUMBERED, NUMBERED)
def test_numbers_are_compared_as_numbers(one: list[int], other: list[int]) -> None:
    """As lists of numbers are."""
    keys = [order_key(".".join(map(str, each))) for each in (one, other)]

    assert (keys[0] < keys[1]) == (one < other)
    assert (keys[0] == keys[1]) == (one == other)


@given(st.lists(VERSIONS, min_size=2, max_size=6))
def test_the_order_is_total_and_that_of_utf_8(texts: list[str]) -> None:
    """A store that compares bytes has the same one."""
    keys = sorted(map(order_key, texts))

    assert keys == sorted(keys, key=str.encode)
    assert all(one <= other for one, other in pairwise(keys))


@given(VERSIONS, st.integers(0, 99))
def test_what_goes_on_is_more(version: str, number: int) -> None:
    """Unless it is announced by a word of what comes before a release, or only names a build."""
    if "+" not in version:
        assert order_key(f"1.{version}") < order_key(f"1.{version}.{number}")


@given(st.text(max_size=1_000))
def test_any_text_has_a_key_of_bounded_length(text: str) -> None:
    """A device may say anything."""
    assert len(order_key(text)) <= 5 * 300
