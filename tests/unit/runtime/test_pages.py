"""Values are what their schema says, and nothing that could be made one."""

import pytest
from pydantic import BaseModel, ValidationError

from isthmus.runtime.pages import Flag, Instant, Number, Whole


class Said(BaseModel):
    """One of each."""

    flag: Flag = False
    number: Number = 0
    whole: Whole = 0
    at: Instant | None = None


@pytest.mark.parametrize(
    "wrong",
    [
        {"flag": 0}, {"flag": "true"}, {"number": "1"}, {"number": True}, {"whole": "1"},
        {"whole": 1.5}, {"at": 0.5}, {"at": "0.5"}, {"at": "2026-03-01"},
        {"at": "2026-03-01T00:00:00"}, {"at": "2026-13-01T00:00:00Z"},
    ],
)  # fmt: skip
def test_what_is_of_another_type_is_refused(wrong: dict[str, object]) -> None:
    """It would be taken for something that nobody has said."""
    with pytest.raises(ValidationError):
        Said.model_validate(wrong)


def test_what_is_right_is_taken() -> None:
    """A whole number is a number; a time has its zone."""
    said = Said.model_validate(
        {"flag": True, "number": 2, "whole": 2, "at": "2026-03-01T06:00:00+01:00"}
    )

    assert said.at
    assert said.at.isoformat() == "2026-03-01T06:00:00+01:00"
    assert said.number == 2
