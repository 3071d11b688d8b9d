"""Generated files agree with what they are generated from: `python -m tests.drift [--write]`.

Messages: the Python classes of `proto/`. Documents: OpenAPI of the two HTTP APIs and AsyncAPI of
what each service reads, under `docs/api/`. Settings: `docs/settings.md`. Profiles: their JSON
Schema, and the fields in `docs/profiles.md`. Rules: the shipped ones in `docs/rules.md`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import grpc_tools
from faststream.specification import AsyncAPI
from pydantic.fields import FieldInfo

from isthmus.alerting.adapters.rules.files import SHIPPED, load
from isthmus.alerting.adapters.rules.parts import RulePart
from isthmus.alerting.api.rules.commands import explanation
from isthmus.collector.adapters.schema import profile_schema
from isthmus.runtime.app import Application
from isthmus.runtime.registry import registry
from isthmus.runtime.settings import group_of, names

ROOT = Path(__file__).parents[1]
API = ROOT / "docs" / "api"
SERVICES = ("collector", "normalizer", "inventory", "alerting")
WITH_API = ("collector", "inventory", "alerting")
# What a service needs to be wired; nothing is connected while a document is made.
SETTINGS = {
    "ISTHMUS_KAFKA__BOOTSTRAP_SERVERS": "kafka:9092",
    "ISTHMUS_COLLECTOR__SITE": "site",
    "ISTHMUS_STORE__URI": "mongodb://store:27017",
    "ISTHMUS_STORE__DATABASE": "isthmus",
    "ISTHMUS_ACCESS__MODE": "off",
}
INTRODUCTION = (
    "Every setting is an environment variable `ISTHMUS_<GROUP>__<NAME>`; "
    "an unknown one is an error. Written by `make docs` from the code."
)
FIELDS_BEGIN = "<!-- fields: written by `make docs` from the code -->"
FIELDS_END = "<!-- end of fields -->"
RULES_BEGIN = "<!-- rules: written by `make docs` from the code -->"
RULES_END = "<!-- end of rules -->"
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
        read = {each.specification.name for each in app.broker.subscribers}
        if service in WITH_API:
            files[API / f"{service}.openapi.json"] = _json(app.http.openapi())
        for name, topic in registry().items():
            if topic.writer == service:
                title = name if name not in read else f"{name}:written"
                app.broker.publisher(name, title=title, description=topic.purpose)
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


def profiles() -> Files:
    """The JSON Schema of device profiles, and the page that explains each field."""
    schema = profile_schema()
    page = ROOT / "docs" / "profiles.md"
    before, _, rest = page.read_text().partition(FIELDS_BEGIN)
    _, _, after = rest.partition(FIELDS_END)
    fields = "\n".join(_field_tables(schema))
    return {
        ROOT / "docs" / "profiles.schema.json": _json(schema),
        page: f"{before}{FIELDS_BEGIN}\n{fields}\n{FIELDS_END}{after}",
    }


def _field_tables(schema: dict[str, Any]) -> Iterator[str]:
    protocols = {
        at.rpartition("/")[2]: name for name, at in schema["discriminator"]["mapping"].items()
    }
    for name in sorted(schema["$defs"], key=lambda name: (name not in protocols, name)):
        definition = schema["$defs"][name]
        yield f"\n### {protocols.get(name, name)}\n\n{definition['description']}\n"
        yield "| field | takes | default | meaning |\n|---|---|---|---|"
        for field, about in definition["properties"].items():
            needed = field in definition.get("required", ())
            said = about.get("default")
            default = "" if said in (None, "", [], {}) else f"`{json.dumps(said)}`"
            default = "**needed**" if needed else default
            yield f"| `{field}` | {_takes(about)} | {default} | {about.get('description', '')} |"


def _takes(about: dict[str, Any]) -> str:
    """What a field takes, in a few words."""
    if "anyOf" in about:
        return " or ".join(_takes(part) for part in about["anyOf"] if part.get("type") != "null")
    if "$ref" in about:
        return f"{about['$ref'].rpartition('/')[2]}"
    if words := about.get("enum") or ([about["const"]] if "const" in about else []):
        return ", ".join(f"`{word}`" for word in words)
    if about.get("type") == "array":
        return f"list of {_takes(about['items'])}"
    if about.get("type") == "object":
        return f"mapping to {_takes(about.get('additionalProperties', {}))}"
    limits = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to"}
    return " ".join([about["type"], *(f"{w} {about[k]}" for k, w in limits.items() if k in about)])


def rules() -> Files:
    """The page of rules: what each shipped one watches, may harm and asks for first."""
    page = ROOT / "docs" / "rules.md"
    before, _, rest = page.read_text().partition(RULES_BEGIN)
    _, _, after = rest.partition(RULES_END)
    told = "\n".join(_rule(part) for part in sorted(load(SHIPPED).rules, key=lambda p: p.name))
    return {page: f"{before}{RULES_BEGIN}\n{told}\n{RULES_END}{after}"}


def _rule(part: RulePart) -> str:
    escaped = ((word, said.replace("|", "\\|")) for word, said in explanation(part)[1:])
    rows = [f"| {word} | {said} |" for word, said in escaped]
    return "\n".join([f'\n### <a id="{part.name}"></a>{part.name}\n', "| | |", "|---|---|", *rows])


WHAT: dict[str, Callable[[], Files]] = {
    "messages": messages,
    "documents": documents,
    "settings": settings,
    "profiles": profiles,
    "rules": rules,
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
