"""Saved views: lists of assets that have a name, and belong to who saved them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SavedView:
    """What `GET /v1/assets` is asked for, to be asked for again."""

    name: str
    filter: str = ""
    sort: str = ""
    fields: tuple[str, ...] = ()
    description: str = ""
    owner: str = ""
    shared: bool = False
    """Whether everybody may use it; only its owner changes it."""
