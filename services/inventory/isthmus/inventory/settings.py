"""What inventory reads from its environment."""

from pydantic import Field

from isthmus.runtime.access import Access
from isthmus.runtime.settings import Group
from isthmus.runtime.settings import Settings as Common
from isthmus.runtime.store import Store


class Targets(Group):
    """Where the first targets come from; those of the API are added to them."""

    files: str = ""
    """Seed files `<site>.yaml`, or folders of them, comma separated; empty for none."""


class Exporter(Group):
    """Assets as Prometheus metrics, on `/metrics/assets`."""

    assets_max: int = Field(default=10_000, ge=0)
    """Most assets on one page of metrics; a counter says how many were left out."""


class Settings(Common):
    """Everything that inventory can be told."""

    store: Store
    access: Access
    targets: Targets = Targets()
    exporter: Exporter = Exporter()
