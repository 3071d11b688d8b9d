"""Mistakes in fields, in one sentence."""

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, TypeAdapter

from isthmus.collector.domain.envelope import Envelope, Zone
from isthmus.collector.handlers.fields import checked
from isthmus.runtime.errors import Rejected

WINDOW = {"days": ["mon"], "start": "1", "end": "18:00", "time_zone": "UTC"}


class Place(BaseModel):
    """Something with a field."""

    url: str
    port: int = 1


class Strict(BaseModel):
    """Something with no other field than its own."""

    model_config = ConfigDict(extra="forbid")

    url: str = ""


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        (Place, {"url": "a", "port": "x"}, "at: port: 'x': Input should be a valid integer"),
        (Place, {}, "at: url: '': Field required"),
        (Envelope, {"gap_s": -1}, "at: gap_s: -1.0, expected 0 to 60"),
        (
            Zone,
            {"envelope": {"windows": [WINDOW]}},
            "at: envelope.windows.0.start: '1', expected HH:MM",
        ),
    ],
)  # fmt: skip
def test_the_first_mistake_is_named(kind: Any, fields: dict[str, Any], reason: str) -> None:
    """Its field, its value, and what was expected."""
    with pytest.raises(Rejected) as rejected:
        checked(TypeAdapter(kind), fields, at="at: ")
    assert str(rejected.value).startswith(reason)


def test_a_password_in_an_address_is_not_repeated() -> None:
    """Where a number was expected and someone pasted a whole address."""
    with pytest.raises(Rejected) as rejected:
        checked(TypeAdapter(Place), {"url": "a", "port": "opc.tcp://op:hunter2@plc"}, at="")
    assert "hunter2" not in str(rejected.value)
    assert "opc.tcp://…@plc" in str(rejected.value)


def test_the_value_of_an_unknown_field_is_not_repeated() -> None:
    """Someone wrote a community where a credential is only named."""
    with pytest.raises(Rejected, match="at: community: unknown field") as rejected:
        checked(TypeAdapter(Strict), {"community": "hunter2"}, at="at: ")
    assert "hunter2" not in str(rejected.value)


def test_what_is_right_comes_back_checked() -> None:
    """As the kind that was asked for."""
    assert checked(TypeAdapter(Envelope), {"gap_s": 1}, at="") == Envelope(gap_s=1.0)
