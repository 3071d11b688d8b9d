"""What is said of a window becomes that window, and back."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from isthmus.alerting.api.quiet.models import EXAMPLE, WindowIn, WindowItem
from isthmus.alerting.domain.quiet.maintenance import Span

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_the_example_is_a_window_and_is_shown_as_it_was_said() -> None:
    """With its version, and who stored it."""
    window = WindowIn.model_validate(EXAMPLE).window("press", 2, "mara", NOW)
    shown = WindowItem.of(window, Span(NOW, NOW + timedelta(hours=4)), NOW)

    assert (window.duration, window.starts) == (timedelta(hours=4), datetime(2026, 3, 7, 6))
    assert {name: getattr(shown, name) for name in EXAMPLE} == EXAMPLE
    assert (shown.id, shown.version, shown.by, shown.holds) == ("press", 2, "mara", True)


def test_a_window_that_is_over_has_no_next_occurrence() -> None:
    """And holds nothing."""
    window = WindowIn.model_validate(EXAMPLE).window("press", 1, "mara", NOW)
    shown = WindowItem.of(window, None, NOW)

    assert (shown.next, shown.holds) == (None, False)


def test_a_rule_is_not_judged_while_its_beginning_is_wrong() -> None:
    """One mistake, one line."""
    with pytest.raises(ValidationError) as error:
        WindowIn.model_validate({**EXAMPLE, "time_zone": "Moon", "recurrence": "FREQ=NEVER"})

    assert [each["loc"] for each in error.value.errors()] == [("time_zone",)]
