"""The words of a notice."""

import pytest
from tests.notices import a_notice

from isthmus.alerting.domain.notices import wording
from isthmus.alerting.domain.notices.notice import Event


def test_the_subject_says_how_urgent_where_and_what() -> None:
    """In one line, also when the message has several."""
    assert wording.subject(a_notice(message="Too\nhot.")) == "[HIGH] hagen/furnace-1: Too hot."
    assert wording.subject(a_notice(Event.END, 2)).startswith("[HIGH] Cleared: ")
    assert wording.subject(a_notice(test=True)).startswith("Test: ")


def test_the_lines_say_what_to_do_and_leave_out_what_nobody_knows() -> None:
    """A fact a line."""
    said = list(wording.lines(a_notice(), {"alarm": "https://x.example/{alarm_id}"}))

    assert said[0] == "Temperature is 85 Cel, above 80 Cel."
    assert "First: Check the cooling." in said
    assert "Alarm: https://x.example/a1" in said
    assert not any(line.startswith("Runbook") for line in said)


def test_a_link_whose_field_is_empty_is_left_out() -> None:
    """No link is better than one to nothing."""
    links = {"asset": "https://x.example/assets/{asset_id}"}

    assert wording.linked(a_notice(), links) == {}
    assert wording.linked(a_notice(asset_id="7"), links) == {"asset": "https://x.example/assets/7"}


@pytest.mark.parametrize(
    "template", ["{nothing}", "{message.__class__}", "{message!r}", "{message:>9}", "{", "{0}"]
)
def test_a_template_names_fields_and_nothing_else(template: str) -> None:
    """It must not reach into the objects behind them."""
    with pytest.raises(ValueError, match=r"\{|single"):
        wording.named(template)


def test_a_template_may_name_every_field() -> None:
    """And gets text for each."""
    template = " ".join(f"{{{name}}}" for name in wording.FIELDS)

    assert wording.named(template) == set(wording.FIELDS)
    assert "a1:1" in template.format_map(wording.fields(a_notice()))
