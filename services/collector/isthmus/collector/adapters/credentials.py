"""Credentials by name, from a mounted YAML file or from the environment; never logged."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import structlog
import yaml
from pydantic import BaseModel, ValidationError

from isthmus.runtime.errors import Unauthorized

log = structlog.get_logger()
Model = TypeVar("Model", bound=BaseModel)
Version = tuple[int, int, int]

VARIABLE = "ISTHMUS_CREDENTIAL_"
"""`site-ro` is `ISTHMUS_CREDENTIAL_SITE_RO`, with its fields as YAML: `{community: …}`."""


class CredentialsFile:
    """The file `{NAME: {field: secret}}`, read again when it changes; then the environment.

    A kubelet that swaps the file needs no restart here. A version that cannot be read changes
    nothing; a credential that is wrong hurts only who uses it.
    """

    def __init__(self, file: Path | None, environ: Mapping[str, str] = os.environ) -> None:
        self._file = file
        self._environ = environ
        self._version: Version | None = None
        self._entries: Mapping[str, Any] = {}
        self._checked: dict[tuple[str, type[BaseModel]], BaseModel] = {}
        self._failure = ""

    def resolve(self, name: str, kind: type[Model]) -> Model:
        """The credential `name`; raises Unauthorized, without any secret in its text.

        The same object until the file changes.
        """
        if self._file is not None:
            self._refresh(self._file)
        checked = self._checked.get((name, kind))
        if isinstance(checked, kind):
            return checked
        try:
            found = kind.model_validate(self._find(name))
        except ValidationError as error:
            item = error.errors(include_input=False)[0]
            field = ".".join(str(part) for part in item["loc"])
            raise Unauthorized(f"credential {name!r}: {field}: {item['msg']}") from None
        if name in self._entries:
            self._checked[name, kind] = found
        return found

    def _find(self, name: str) -> Any:
        variable = VARIABLE + re.sub(r"[^A-Z0-9]", "_", name.upper())
        if name in self._entries:
            return self._entries[name]
        if variable in self._environ:
            return _fields(name, variable, self._environ[variable])
        if self._file is None:
            where = f"neither ISTHMUS_CREDENTIALS__FILE nor {variable} is set"
        else:
            where = self._failure or f"not in {self._file}, and {variable} is not set"
        raise Unauthorized(f"credential {name!r}: {where}")

    def _refresh(self, file: Path) -> None:
        try:
            stat = file.stat()
            version = stat.st_ctime_ns, stat.st_ino, stat.st_size
            if version != self._version:
                text = file.read_text()
                self._version = version
                self._entries = _entries(text)
                self._checked = {}
                self._failure = ""
        except OSError as error:
            self._version = None
            self._failed(f"{file}: {error.strerror}")
        except (yaml.YAMLError, ValueError):  # ValueError: a date such as 2024-13-45
            self._failed(f"{file}: no YAML")
        except TypeError as error:
            self._failed(f"{file}: {error}")

    def _failed(self, reason: str) -> None:
        if reason != self._failure:
            log.error("credentials_kept", reason=reason, known=len(self._entries))
        self._failure = reason


def _entries(text: str) -> Mapping[str, Any]:
    entries = yaml.safe_load(text)
    if not isinstance(entries, dict):
        raise TypeError("expected names with their fields")
    return entries


def _fields(name: str, variable: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        raise Unauthorized(f"credential {name!r}: {variable}: no YAML") from None
