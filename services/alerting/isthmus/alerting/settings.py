"""Settings of alerting, besides those that every service has."""

from pathlib import Path

from isthmus.runtime.settings import Group
from isthmus.runtime.settings import Settings as Common
from isthmus.runtime.store import Store


class Rules(Group):
    """Where rules come from."""

    folder: Path | None = None
    """Folder of further rule files (`*.yaml`), beside those that are shipped."""


class Settings(Common):
    """Everything that alerting reads from its environment."""

    store: Store
    rules: Rules = Rules()
