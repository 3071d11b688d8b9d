"""What the API says of itself."""

from pydantic import BaseModel

from isthmus.collector.api import models


def test_every_field_is_described() -> None:
    """The documentation is made of these."""
    kinds = [kind for kind in vars(models).values() if isinstance(kind, type)]
    own = [k for k in kinds if issubclass(k, BaseModel) and k.__module__ == models.__name__]
    bare = [
        f"{kind.__name__}.{name}"
        for kind in own
        for name, field in kind.model_fields.items()
        if not field.description and name != "items"
    ]
    assert len(own) >= 4
    assert bare == []
