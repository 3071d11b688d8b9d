"""Device profiles from `profiles/<vendor>-<model>.yaml`, checked before the first read."""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from isthmus.runtime.errors import Rejected

Model = TypeVar("Model", bound=BaseModel)


class ProfileFolder:
    """One YAML file for each device type; a mistake names the file and the field."""

    def __init__(self, folder: Traversable | None = None) -> None:
        self._folder = folder or files("isthmus.collector") / "profiles"
        self._content = cache(self._read)
        self._models: dict[tuple[str, type[BaseModel]], BaseModel] = {}

    def load(self, name: str, kind: type[Model]) -> Model:
        """The profile `name`; read once in the life of the process."""
        known = self._models.get((name, kind))
        if isinstance(known, kind):
            return known
        try:
            profile = kind.model_validate(self._content(name))
        except ValidationError as error:
            item = error.errors()[0]
            field = ".".join(str(part) for part in item["loc"])
            raise Rejected(f"profiles/{name}.yaml: {field}: {item['msg']}") from error
        self._models[name, kind] = profile
        return profile

    def _read(self, name: str) -> Any:
        try:
            return yaml.safe_load((self._folder / f"{name}.yaml").read_text())
        except OSError as error:
            raise Rejected(f"profile {name!r}: no file profiles/{name}.yaml") from error
        except yaml.YAMLError as error:
            place = str(error).replace("\n", " ")
            raise Rejected(f"profiles/{name}.yaml: no YAML: {place}") from error
