"""The tally of what was sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.collector.domain.requests import Request
from isthmus.collector.domain.touches import Tally

KINDS = st.sampled_from([Request.SNMP_GET, Request.SNMP_GET_BULK])
SENT = st.lists(st.tuples(KINDS, st.floats(0, 2), st.floats(0, 2)), min_size=1, max_size=50)


@given(SENT)
def test_the_tally_is_what_was_sent(sent: list[tuple[Request, float, float]]) -> None:
    """Counts by kind, most in any one second, least time from an end to the next beginning."""
    tally, now, begins, ends = Tally(), 0.0, [], []
    for kind, after_s, took_s in sent:
        now += after_s
        tally.began(kind, now)
        begins.append(now)
        now += took_s
        tally.ended(now)
        ends.append(now)
    assert sum(tally.counts.values()) == len(sent)
    assert tally.in_a_second_most == max(sum(b - 1 < a <= b for a in begins) for b in begins)
    gaps = [b - e for e, b in zip(ends, begins[1:], strict=False)]
    assert tally.gap_s_least == pytest.approx(min(gaps, default=float("inf")))


def test_an_interval_begins_at_zero_but_forgets_no_border() -> None:
    """A request just after the border is still close to the one just before it."""
    tally = Tally()
    for now in (0.0, 0.2):
        tally.began(Request.SNMP_GET, now)
        tally.ended(now + 0.1)
    tally.cleared()
    assert (tally.counts, tally.in_a_second_most) == ({}, 0)
    tally.began(Request.SNMP_GET, 0.4)
    assert tally.in_a_second_most == 3
    assert tally.gap_s_least == pytest.approx(0.1)
    assert tally.contacted
