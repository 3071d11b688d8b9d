"""What a report says, as text."""

from datetime import UTC, datetime

from isthmus.alerting.domain.rules.reading import Reading, text_of

READ = Reading(
    "hagen/t",
    "hagen",
    "p",
    datetime(2026, 1, 1, tzinfo=UTC),
    2,
    attributes={"firmware": "1.2"},
    metric=["mode", "level"],
    value=[3.0, 12.5],
    unit=["1", "%"],
)


def test_attributes_and_metrics_are_both_texts_when_their_change_is_watched() -> None:
    """A metric that counts states is told without a fraction."""
    assert text_of(READ, "firmware") == "1.2"
    assert text_of(READ, "metric.mode") == "3"
    assert text_of(READ, "metric.level") == "12.5"
    assert text_of(READ, "metric.speed") == text_of(READ, "serial") == ""
