"""Device profiles from `profiles/<vendor>-<model>.yaml`, checked before the first read."""

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TypeVar, get_args

import structlog
from pydantic import BaseModel

from isthmus.collector.adapters.documents import Document, shown
from isthmus.collector.domain.recognition import Match, Rules
from isthmus.runtime.errors import Rejected

Model = TypeVar("Model", bound=BaseModel)
log = structlog.get_logger()
SUFFIX = ".yaml"
NAME = re.compile(r"[a-z0-9-]+")


def shipped() -> Traversable:
    """The folder of the profiles that come with the collector."""
    return files("isthmus.collector") / "profiles"


class ProfileFolder:
    """One YAML file for each device type, in the first of several folders that has it.

    A file is read once in the life of the process; a mistake names file, line and field, and
    stops only the targets that use that file.
    """

    def __init__(self, *folders: Traversable | None) -> None:
        self._folders = [folder for folder in folders or [shipped()] if folder is not None]
        self._documents: dict[str, Document] = {}
        self._models: dict[tuple[str, type[BaseModel]], BaseModel] = {}
        self._rules: dict[type[BaseModel], Rules] = {}

    def load(self, name: str, kind: type[Model]) -> Model:
        """The profile `name`; raises Rejected with file, line, field and expectation."""
        known = self._models.get((name, kind))
        if not isinstance(known, kind):
            known = self._models[name, kind] = self._document(name).check(kind)
        return known

    def rules(self, kind: type[Model]) -> Rules:
        """What each good profile of `kind` matches; a wrong one is left out, and logged once."""
        if kind not in self._rules:
            self._rules[kind] = dict(self._matches(kind))
        return self._rules[kind]

    def _matches(self, kind: type[Model]) -> Iterator[tuple[str, Match]]:
        (protocol,) = get_args(kind.model_fields["protocol"].annotation)
        for name in self._names():
            try:
                content = self._document(name).content
                if isinstance(content, dict) and content.get("protocol") == protocol:
                    match: Match = getattr(self.load(name, kind), "match", {})
                    if match:
                        yield name, match
            except Rejected as error:
                log.warning("profile_rejected", reason=str(error))

    def _names(self) -> list[str]:
        names = {file.name for folder in self._folders for file in folder.iterdir()}
        return sorted(name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX))

    def _document(self, name: str) -> Document:
        if name not in self._documents:
            self._documents[name] = self._read(name)
        return self._documents[name]

    def _read(self, name: str) -> Document:
        if not NAME.fullmatch(name):
            raise Rejected(f"profile {shown(name)}: expected a name of a-z, 0-9 and -")
        for folder in self._folders:
            try:
                text = (folder / f"{name}{SUFFIX}").read_text()
            except FileNotFoundError:
                continue
            except (OSError, UnicodeDecodeError) as error:
                raise Rejected(f"profiles/{name}.yaml: cannot be read: {error}") from error
            return Document(f"profiles/{name}{SUFFIX}", text)
        raise Rejected(f"profile {shown(name)}: no file profiles/{name}{SUFFIX}")
