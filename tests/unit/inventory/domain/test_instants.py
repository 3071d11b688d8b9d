"""Times as the store keeps them."""

from datetime import UTC, datetime

from isthmus.inventory.domain.instants import milliseconds


def test_what_is_finer_than_a_millisecond_is_cut_off() -> None:
    """Not rounded: a time never lies after the moment that it is of."""
    at = datetime(2026, 3, 1, 12, 0, 0, 123_999, tzinfo=UTC)

    assert milliseconds(at) == at.replace(microsecond=123_000)
    assert milliseconds(milliseconds(at)) == milliseconds(at)
