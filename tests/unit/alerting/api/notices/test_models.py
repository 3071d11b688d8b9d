"""What the API says of notices carries descriptions."""

from pydantic import BaseModel

from isthmus.alerting.api.notices import models


def test_every_field_says_what_it_is() -> None:
    """A person reads it in the documentation."""
    shown = [
        kind
        for kind in vars(models).values()
        if isinstance(kind, type)
        and issubclass(kind, BaseModel)
        and kind.__module__ == models.__name__
    ]

    silent = [
        f"{kind.__name__}.{name}"
        for kind in shown
        for name, field in kind.model_fields.items()
        if not field.description and name not in ("items",)
    ]

    assert shown
    assert [name for name in silent if not name.endswith((".next", ".duration_s"))] == []
