"""What the HTTP interface takes and gives."""

import pytest
from pydantic import ValidationError

from isthmus.alerting.api.models import Acknowledgement, AlarmItem, TransitionItem


@pytest.mark.parametrize("model", [AlarmItem, TransitionItem])
def test_every_field_is_described(model: type[AlarmItem]) -> None:
    """The interface's page explains itself."""
    assert all(field.description for field in model.model_fields.values())


@pytest.mark.parametrize(
    "body", [{"seq": 1}, {"by": "", "seq": 1}, {"by": "a"}, {"by": "a", "seq": 1, "user": "b"}]
)
def test_an_acknowledgement_says_who_and_what_was_seen(body: dict[str, object]) -> None:
    """An unknown field is a mistake, too."""
    with pytest.raises(ValidationError):
        Acknowledgement.model_validate(body)
