"""Seed files: YAML with the targets of one site, named `<site>.yaml`."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from isthmus.inventory.ports import Row
from isthmus.runtime.errors import IsthmusError


def rows(files: str) -> Iterator[Row]:
    """Every row of `files`, a comma list of files and of folders with `*.yaml`.

    Raises IsthmusError for a file that cannot be read or is no list of targets.
    """
    for name in filter(None, (part.strip() for part in files.split(","))):
        path = Path(name)
        for file in sorted(path.glob("*.yaml")) if path.is_dir() else [path]:
            for number, content in enumerate(_targets(file), start=1):
                yield Row(str(file), number, file.stem, content)


def _targets(file: Path) -> list[object]:
    try:
        content = yaml.safe_load(file.read_text())
    except OSError as error:
        raise IsthmusError(f"ISTHMUS_TARGETS__FILES: {file}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise IsthmusError(f"ISTHMUS_TARGETS__FILES: {file}: no YAML: {reason}") from error
    found = content.get("targets") if isinstance(content, dict) else None
    if not isinstance(found, list):
        raise IsthmusError(f"ISTHMUS_TARGETS__FILES: {file}: targets: expected a list")
    return found
