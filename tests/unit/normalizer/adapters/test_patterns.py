"""Patterns that take time linear in the text, alone and many at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.normalizer.adapters.patterns import compiled, united

WORDS = ["^Acme", r"v\d+", "(?i)switch", "é", "", "(a|aa)+$"]


def test_a_pattern_gives_its_named_groups() -> None:
    """Those that took no part give nothing."""
    match = compiled(r"^(?P<model>\S+)( v(?P<firmware>\S+))?").search("X1")

    assert match is not None
    assert match.groupdict() == {"model": "X1", "firmware": None}
    assert compiled("b").pattern == "b"
    assert compiled("b").search("a") is None


@pytest.mark.parametrize("text", ["(", "a(?=b)", r"(a)\1", "(?<!a)b", "a{2000}", "[z-a]"])
def test_what_could_take_longer_is_refused(text: str) -> None:
    """RE2 knows no look-around and no back-reference; the reason is one line."""
    with pytest.raises(ValueError, match="is no regular expression of RE2: ") as caught:
        compiled(text)

    assert len(str(caught.value).splitlines()) == 1


@given(st.text(alphabet="aAcmevV12 swithéß\n\x00", max_size=40))
def test_many_patterns_at_once_find_what_each_finds_alone(text: str) -> None:
    """In any text."""
    patterns = [compiled(word) for word in WORDS]

    found = united(patterns)(text)

    assert sorted(found) == [n for n, each in enumerate(patterns) if each.search(text)]


def test_no_patterns_find_nothing() -> None:
    """A fact that nobody asks for."""
    assert list(united([])("anything")) == []
