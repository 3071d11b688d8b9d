"""A flood begins with the eleventh annunciation in ten minutes, and ends below five."""

from datetime import UTC, datetime, timedelta

from isthmus.alerting.domain.alarms.events import Signal
from isthmus.alerting.domain.quiet.flood import BEGINS_ABOVE, KEPT_MAX, Called, Rate

START = datetime(2026, 1, 1, tzinfo=UTC)


def after(second: float) -> datetime:
    return START + timedelta(seconds=second)


def called(rate: Rate, *seconds: float) -> Rate:
    for number, second in enumerate(seconds):
        rate.take(Called(after(second), f"a{number}", f"hot on hagen/t{number}"))
    return rate


def test_ten_in_ten_minutes_are_none_and_eleven_are_one() -> None:
    """ISA-18.2: more than ten; the message names what came first."""
    rate = called(Rate(), *range(BEGINS_ABOVE))
    assert rate.sample("hagen", after(30)).signal is Signal.INSIDE
    called(rate, 20)
    sample = rate.sample("hagen", after(30))

    assert (sample.signal, sample.value) == (Signal.BEYOND, 11)
    assert "11 alarms" in sample.message
    assert "hot on hagen/t0" in sample.message


def test_it_is_over_when_fewer_than_five_came() -> None:
    """Between five and ten it lasts if there was one, and does not begin if there was none."""
    rate = called(Rate(), *range(0, 110, 10))

    assert rate.sample("hagen", after(650)).signal is Signal.INSIDE
    assert rate.sample("hagen", after(659)).signal is Signal.INSIDE
    assert rate.sample("hagen", after(660)).signal is Signal.CLEAR
    assert rate.first is None


def test_the_next_flood_has_a_first_of_its_own() -> None:
    """Not what began the one before."""
    rate = called(called(Rate(), *range(11)), *range(1000, 1011))

    assert rate.first is not None
    assert rate.first.at == after(1000)


def test_however_many_come_memory_is_bounded() -> None:
    """More than that within ten minutes is a flood anyway."""
    rate = called(Rate(), *(number / 1000 for number in range(KEPT_MAX + 10)))

    assert len(rate.called) == KEPT_MAX
    assert rate.sample("hagen", after(20)).signal is Signal.BEYOND
