"""Generated files agree with what they are generated from: `python -m tests.drift [--write]`.

Messages: the Python classes of `proto/`. Documents: OpenAPI of the two HTTP APIs and AsyncAPI of
what each service reads, under `docs/api/`. Settings: `docs/settings.md`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import grpc_tools
from faststream.specification import AsyncAPI
from pydantic.fields import FieldInfo

from isthmus.runtime.app import Application
from isthmus.runtime.settings import group_of, names
from isthmus.runtime.topics import registry

ROOT = Path(__file__).parents[1]
API = ROOT / "docs" / "api"
SERVICES = ("collector", "normalizer", "inventory", "alerting")
WITH_API = ("inventory", "alerting")
# What a service needs to be wired; nothing is connected while a document is made.
SETTINGS = {
    "ISTHMUS_KAFKA__BOOTSTRAP_SERVERS": "kafka:9092",
    "ISTHMUS_COLLECTOR__SITE": "site",
    "ISTHMUS_STORE__URI": "mongodb://store:27017",
    "ISTHMUS_STORE__DATABASE": "isthmus",
}
INTRODUCTION = (
    "Every setting is an environment variable `ISTHMUS_<GROUP>__<NAME>`; "
    "an unknown one is an error. Written by `make docs` from the code."
)
Files = dict[Path, str]


def messages() -> Files:
    """The classes that protoc makes of the messages now."""
    sources = sorted(str(p.relative_to(ROOT / "proto")) for p in (ROOT / "proto").rglob("*.proto"))
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "grpc_tools.protoc", "-I", ".", "-I", str(well_known)]
        command += [f"--python_out={folder}", f"--pyi_out={folder}", *sources]
        subprocess.run(command, cwd=ROOT / "proto", check=True)
        made = {p: p.read_text() for p in sorted(Path(folder).rglob("*_pb2.py*"))}
        return {
            ROOT / "proto" / "gen" / path.relative_to(folder): text for path, text in made.items()
        }


def documents() -> Files:
    """The API documents of the services as they are wired now."""
    files: Files = {}
    for service in SERVICES:
        app = wired(service)
        if service in WITH_API:
            files[API / f"{service}.openapi.json"] = _json(app.http.openapi())
        for name, topic in registry().items():
            if topic.writer == service:
                app.broker.publisher(name, title=name, description=topic.purpose)
        made = AsyncAPI(app.broker, title=app.http.title, version=app.http.version)
        files[API / f"{service}.asyncapi.json"] = _json(
            json.loads(made.to_specification().to_json())
        )
    return files


def wired(service: str) -> Application:
    """The application of a service, as its `__main__` builds it."""
    module = import_module(f"isthmus.{service}.app")
    kind = settings_of(service)
    groups: dict[str, dict[str, str]] = {}
    for name, (group, field) in names(kind).items():
        if name in SETTINGS:
            groups.setdefault(group, {})[field] = SETTINGS[name]
    app: Application = module.build(kind(**groups))
    return app


def settings_of(service: str) -> Any:
    """The settings class of a service."""
    return import_module(f"isthmus.{service}.settings").Settings


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def settings() -> Files:
    """The reference of every setting, from the docstrings of its fields."""
    lines = ["# Settings", "", INTRODUCTION, ""]
    for service in SERVICES:
        lines += [f"## {service}", "", "| variable | default | meaning |", "|---|---|---|"]
        kind = settings_of(service)
        for name, (group, field) in sorted(names(kind).items()):
            info = group_of(kind, group).model_fields[field]
            meaning = " ".join((info.description or "").split())
            lines.append(f"| `{name}` | {_default(info)} | {meaning} |")
        lines.append("")
    return {ROOT / "docs" / "settings.md": "\n".join(lines)}


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "**needed**"
    if info.default_factory is not None:
        return f"{info.default_factory.__name__}()"
    return "" if info.default in (None, "") else f"`{info.default}`"


WHAT: dict[str, Callable[[], Files]] = {
    "messages": messages,
    "documents": documents,
    "settings": settings,
}


def main() -> None:
    """Compare, or write; exits 1 and names each file that drifted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", choices=[[], *WHAT], help=", ".join(WHAT))
    parser.add_argument("--write", action="store_true", help="write instead of comparing")
    arguments = parser.parse_args()
    made = {path: text for what in arguments.what or WHAT for path, text in WHAT[what]().items()}
    if arguments.write:
        for path, text in made.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return
    drifted = [p for p, text in made.items() if not p.exists() or p.read_text() != text]
    for path in drifted:
        print(f"{path.relative_to(ROOT)}: drifted; run make proto docs")
    sys.exit(1 if drifted else 0)


if __name__ == "__main__":
    main()
