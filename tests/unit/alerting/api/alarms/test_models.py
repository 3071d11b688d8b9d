"""What the HTTP interface takes and gives."""

import pytest
from pydantic import BaseModel, ValidationError

from isthmus.alerting.api.alarms.models import (
    AlarmDetail,
    NewsItem,
    Result,
    Seen,
    Several,
    Shelving,
    SuppressionItem,
    TransitionItem,
)


@pytest.mark.parametrize(
    "model",
    [AlarmDetail, NewsItem, Result, Seen, Several, Shelving, SuppressionItem, TransitionItem],
)
def test_every_field_is_described(model: type[BaseModel]) -> None:
    """The interface's page explains itself."""
    assert all(field.description for field in model.model_fields.values())


@pytest.mark.parametrize(
    "body", [{}, {"seq": 0}, {"seq": "1"}, {"seq": 1, "by": "b"}, {"seq": 1, "comment": "x" * 2001}]
)
def test_an_act_says_what_was_seen(body: dict[str, object]) -> None:
    """An unknown field is a mistake, too."""
    with pytest.raises(ValidationError):
        Seen.model_validate(body)


@pytest.mark.parametrize("duration", [0, -1, 1.5, 32 * 86_400])
def test_a_shelf_has_an_end(duration: object) -> None:
    """In whole seconds, within a month at most."""
    with pytest.raises(ValidationError):
        Shelving.model_validate({"seq": 1, "duration_s": duration})
