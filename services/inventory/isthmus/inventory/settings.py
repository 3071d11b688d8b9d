"""What inventory reads from its environment."""

from isthmus.runtime.settings import Group
from isthmus.runtime.settings import Settings as Common
from isthmus.runtime.store import Store


class Targets(Group):
    """Where the first targets come from; those of the API are added to them."""

    files: str = ""
    """Seed files `<site>.yaml`, or folders of them, comma separated; empty for none."""


class Settings(Common):
    """Everything that inventory can be told."""

    store: Store
    targets: Targets = Targets()
