"""API keys: their form, and what is kept of them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.runtime.door.model import (
    USED_COARSE,
    below,
    digest,
    matches,
    read,
    stale,
    written,
)
from isthmus.runtime.guard import KEY_PREFIX

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEXT = st.text(min_size=1, max_size=40)


@given(st.from_regex(r"[0-9a-f]{10}", fullmatch=True), TEXT)
def test_a_key_is_read_as_it_was_written(id: str, secret: str) -> None:
    """Whatever stands in the secret, also the sign between it and the id."""
    assert read(written(id, secret)) == (id, secret)


@given(TEXT.filter(lambda text: not text.startswith(KEY_PREFIX)))
def test_what_does_not_begin_like_a_key_is_none(text: str) -> None:
    """So that a token is never looked up as one."""
    assert read(text) is None


@given(TEXT, TEXT)
def test_a_secret_matches_itself_and_nothing_else(one: str, other: str) -> None:
    """And its digest does not show it."""
    assert matches(one, digest(one))
    assert matches(other, digest(one)) == (one == other)
    assert len(digest(one)) == 64


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/", ("/",)),
        ("/v1/assets", ("/v1", "/v1/assets")),
        ("/v1/assets/7/", ("/v1", "/v1/assets", "/v1/assets/7")),
    ],
)
def test_a_path_lies_below_each_of_its_beginnings(path: str, found: tuple[str, ...]) -> None:
    """By whole names: `/v1/assets` is not above `/v1/assets-of-old`."""
    assert below(path) == found


@given(st.text(alphabet="a/", max_size=5000))
def test_no_path_makes_a_long_list(path: str) -> None:
    """Whoever sends it: each name is an entry of an index."""
    assert 1 <= len(below(path)) <= 8


def test_use_is_noted_once_in_ten_minutes() -> None:
    """And the first time."""
    assert stale(None, NOON)
    assert stale(NOON - USED_COARSE, NOON)
    assert not stale(NOON - USED_COARSE + timedelta(seconds=1), NOON)
