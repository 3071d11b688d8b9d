"""The commands `profile check` and `profile schema`."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from isthmus.collector.adapters import PROFILES
from isthmus.collector.adapters.costs import Cost, cost
from isthmus.collector.adapters.documents import Document, Mistakes, nearest, shown
from isthmus.collector.adapters.profiles import NAME, SUFFIX, ProfileFolder, shipped
from isthmus.collector.adapters.schema import profile_schema
from isthmus.collector.ports import DeviceProfile
from isthmus.runtime.errors import Rejected


def check(files: Sequence[str]) -> int:
    """Print a line for each mistake, or what a read sends; 1 when a profile is wrong."""
    wrong = False
    for file in map(Path, files):
        try:
            print("\n".join(_summary(file, read(file))))
        except Mistakes as mistakes:
            wrong = True
            print("\n".join(mistakes.lines))
        except (Rejected, OSError) as error:
            wrong = True
            print(error)
    return int(wrong)


def schema() -> int:
    """Print the JSON Schema of profiles."""
    print(json.dumps(profile_schema(), indent=2))
    return 0


def read(file: Path) -> DeviceProfile:
    """The profile in `file`, whatever its protocol; raises Rejected with all that is wrong."""
    try:
        document = Document(str(file), file.read_text())
    except UnicodeDecodeError as error:
        raise Rejected(f"{file}:1: no UTF-8: {error}") from error
    if file.suffix != SUFFIX or not NAME.fullmatch(file.stem):
        raise Rejected(f"{file}: named {file.name!r}, expected a-z, 0-9 and -, then .yaml")
    content = document.content
    if not isinstance(content, dict):
        raise Mistakes([document.mistake((), f"{shown(content)}, expected fields of a profile")])
    kind = PROFILES.get(str(content.get("protocol")))
    if kind is None:
        said = content.get("protocol")
        what = f"{shown(said)}; {nearest(str(said), PROFILES)}" if said else "missing"
        raise Mistakes([document.mistake(("protocol",), what)])
    return document.check(kind)


def _summary(file: Path, profile: DeviceProfile) -> Iterator[str]:
    folder = ProfileFolder(file.parent, shipped())
    found: Cost = cost(profile, folder)
    yield f"{file}: good, {profile.protocol}"
    yield from (f"  {when:<20} {what}" for when, what in found.lines())
