"""The JSON Schema of profiles, for editors; its descriptions are the docstrings of the fields."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from isthmus.collector.adapters import Profile
from isthmus.collector.adapters.snmp.mib import GROUPS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Described(GenerateJsonSchema):
    """Gives each field the docstring that stands below it in its class."""

    def model_schema(self, schema: Any) -> JsonSchemaValue:
        return described(super().model_schema(schema), schema["cls"])

    def dataclass_schema(self, schema: Any) -> JsonSchemaValue:
        return described(super().dataclass_schema(schema), schema["cls"])


def profile_schema() -> dict[str, Any]:
    """What a profile of any protocol may say."""
    made = TypeAdapter(Profile).json_schema(schema_generator=Described)
    for definition in made["$defs"].values():
        if "groups" in definition["properties"]:
            definition["properties"]["groups"]["items"]["enum"] = sorted(GROUPS)
    return {"$schema": DIALECT, "title": "Device profile of Isthmus", **made}


def described(schema: JsonSchemaValue, kind: type) -> JsonSchemaValue:
    """`schema` with what the docstrings of `kind` and its bases say of each field."""
    docstrings = {k: v for base in reversed(kind.__mro__) for k, v in _docstrings(base)}
    for name, field in schema.get("properties", {}).items():
        field.pop("title", None)
        if "$ref" in field:
            field.pop("default", None)  # a mapping of nulls helps nobody
        if name in docstrings:
            field["description"] = docstrings[name]
    return schema


def _docstrings(kind: type) -> Iterator[tuple[str, str]]:
    if not kind.__module__.startswith("isthmus."):
        return
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    for field, below in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            said = below.value if isinstance(below, ast.Expr) else None
            if isinstance(said, ast.Constant) and isinstance(said.value, str):
                yield field.target.id, " ".join(said.value.split())
