"""Seed files: YAML with the targets and zones of one site, named `<site>.yaml`."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from isthmus.inventory.ports.polling import Row
from isthmus.runtime.errors import IsthmusError

PARTS = ("targets", "zones")


def rows(files: str, part: str) -> Iterator[Row]:
    """Every row of `part` in `files`, a comma list of files and of folders with `*.yaml`.

    Raises IsthmusError for a file that cannot be read or holds no list.
    """
    for name in filter(None, (each.strip() for each in files.split(","))):
        path = Path(name)
        for file in sorted(path.glob("*.yaml")) if path.is_dir() else [path]:
            for number, content in enumerate(_parts(file)[part], start=1):
                yield Row(str(file), number, file.stem, content)


def _parts(file: Path) -> dict[str, list[object]]:
    try:
        content = yaml.safe_load(file.read_text())
    except OSError as error:
        raise _wrong(file, str(error.strerror)) from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date such as 2024-13-45
        raise _wrong(file, f"no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict) or not content.keys() & set(PARTS):
        raise _wrong(file, "targets: expected a list")
    for part in content:
        if part not in PARTS:
            raise _wrong(file, f"{part}: unknown, expected {' or '.join(PARTS)}")
        if not isinstance(content[part], list):
            raise _wrong(file, f"{part}: expected a list")
    return {part: content.get(part, []) for part in PARTS}


def _wrong(file: Path, reason: str) -> IsthmusError:
    return IsthmusError(f"ISTHMUS_TARGETS__FILES: {file}: {reason}")
