"""Secrets by reference: a file or a variable of the environment holds them, never a setting."""

import os
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from isthmus.runtime.errors import Unauthorized


class Part(BaseModel):
    """A part of the configuration; an unknown field is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Secret(Part):
    """Where a secret is: `{file: …}` or `{env: …}`; a file may change while the service runs."""

    file: Path | None = None
    """File that holds it, and nothing else."""
    env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """Variable that holds it."""

    @model_validator(mode="after")
    def _is_there(self) -> Self:
        if (self.file is None) == (self.env is None):
            raise ValueError("expected one of file, env")
        try:
            self.read()
        except Unauthorized as error:
            raise ValueError(str(error)) from None
        return self

    def read(self) -> str:
        """The secret as it is now; raises Unauthorized, without it in the text."""
        if self.env is not None:
            found = os.environ.get(self.env, "")
            where = f"the variable {self.env}"
        else:
            where = str(self.file)
            found = _text(self.file or Path())
        if not found.strip():
            raise Unauthorized(f"{where} is not set, or empty: expected a secret")
        if not found.strip().isprintable():
            raise Unauthorized(f"{where}: expected one line of printable characters")
        return found.strip()


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise Unauthorized(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise Unauthorized(f"{file}: expected UTF-8") from None
