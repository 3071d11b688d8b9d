"""The topic registry: one YAML a topic, beside this module."""

from functools import cache
from importlib.resources import files
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

SITE = "<site>"


class Topic(BaseModel):
    """One topic as its YAML declares it; the file's name is the topic's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9.<>-]+$")
    purpose: str
    key: str
    message: str
    writer: str
    readers: list[str]
    sample: str | None
    partitions: int = Field(ge=1)
    cleanup: Literal["delete", "compact", "compact,delete"]
    retention_hours: int | None = Field(default=None, ge=1)
    max_message_bytes: int | None = None

    def at(self, site: str) -> "Topic":
        """The topic of one site, where the name has a place for it."""
        return self.model_copy(update={"name": self.name.replace(SITE, site)})

    def services(self) -> set[str]:
        """Who writes or reads the topic under this very name; a site's topic is its own matter."""
        return set() if SITE in self.name else {self.writer, *self.readers}


@cache
def registry() -> dict[str, Topic]:
    """Every topic by name, sorted."""
    folder = files("isthmus.runtime.registry")
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    topics = [
        Topic(name=f.name.removesuffix(".yaml"), **yaml.safe_load(f.read_text())) for f in found
    ]
    return {topic.name: topic for topic in topics}
