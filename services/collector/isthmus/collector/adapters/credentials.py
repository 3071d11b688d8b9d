"""Credentials from a mounted YAML file, read again when it changes; never logged."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from isthmus.runtime.errors import Unauthorized

Model = TypeVar("Model", bound=BaseModel)


class CredentialsFile:
    """The file `{NAME: {field: secret}}`; a kubelet that swaps it needs no restart here."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._version = 0
        self._entries: dict[str, Any] = {}

    def resolve(self, name: str, kind: type[Model]) -> Model:
        """The credential `name`; raises Unauthorized, without any secret in its text."""
        if self._file is None:
            raise Unauthorized(f"credential {name!r}: ISTHMUS_CREDENTIALS__FILE is not set")
        self._refresh(self._file)
        if name not in self._entries:
            raise Unauthorized(f"credential {name!r}: not in {self._file}")
        try:
            return kind.model_validate(self._entries[name])
        except ValidationError as error:
            item = error.errors(include_input=False)[0]
            field = ".".join(str(part) for part in item["loc"])
            raise Unauthorized(f"credential {name!r}: {field}: {item['msg']}") from None

    def _refresh(self, file: Path) -> None:
        try:
            version = file.stat().st_mtime_ns
            if version == self._version:
                return
            entries = yaml.safe_load(file.read_text())
        except OSError as error:
            raise Unauthorized(f"credentials: {file}: {error.strerror}") from error
        except yaml.YAMLError:
            raise Unauthorized(f"credentials: {file}: no YAML") from None
        if not isinstance(entries, dict):
            raise Unauthorized(f"credentials: {file}: expected names with their fields")
        self._entries, self._version = entries, version
