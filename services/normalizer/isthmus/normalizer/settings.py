"""What the normaliser reads from its environment."""

from pathlib import Path

from isthmus.runtime.settings import Group
from isthmus.runtime.settings import Settings as Common


class Catalog(Group):
    """What is known of vendors, families and values."""

    folder: Path | None = None
    """Folder of catalogue files to use instead of those that come with the service."""


class Settings(Common):
    """All settings of the normaliser."""

    catalog: Catalog = Catalog()
