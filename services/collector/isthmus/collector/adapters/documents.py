"""YAML documents whose mistakes say line, field, value and what was expected."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from isthmus.runtime.errors import Rejected

Model = TypeVar("Model", bound=BaseModel)
Place: TypeAlias = Sequence[int | str]
SHOWN_MAX = 60  # characters of a value that a sentence repeats
USERINFO = re.compile(r"//[^/@]*@")  # RFC 3986, 3.2.1
QUOTED = re.compile(r"'([^']+)'")


class Mistakes(Rejected):
    """Everything that is wrong with one document, a sentence each."""

    def __init__(self, lines: Sequence[str]) -> None:
        more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
        super().__init__(f"{lines[0]}{more}")
        self.lines = lines


class Document:
    """One YAML document, with the line of every field."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        try:
            loader = yaml.SafeLoader(text)
            self._root = loader.get_single_node() or ScalarNode("tag:yaml.org,2002:null", "")
            self.content = loader.construct_document(self._root)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            raise Mistakes([f"{name}:{line}: no YAML: {error.problem}"]) from error
        except (yaml.YAMLError, ValueError) as error:  # ValueError: a date such as 2024-13-45
            raise Mistakes([f"{name}:1: no YAML: {' '.join(str(error).split())}"]) from error

    def check(self, kind: type[Model]) -> Model:
        """The content as `kind`; raises Mistakes with all that is wrong, in the file's order."""
        found = [self._at(node, f"{key}: stands here twice") for key, node in _twice(self._root)]
        model = None
        try:
            model = kind.model_validate(self.content)
        except ValidationError as error:
            found += [self._sentence(kind, item) for item in error.errors()]
        if found or model is None:
            raise Mistakes([text for _, text in sorted(found)])
        return model

    def mistake(self, place: Place, text: str) -> str:
        """One sentence about the field at `place`."""
        node, field = self._found(place)
        return self._at(node, f"{field}: {text}" if field else text)[1]

    def _sentence(self, kind: type[BaseModel], item: ErrorDetails) -> tuple[int, str]:
        node, field = self._found(item["loc"])
        text = _wrong(kind, item)
        return self._at(node, f"{field}: {text}" if field else text)

    def _at(self, node: Node, text: str) -> tuple[int, str]:
        line = node.start_mark.line + 1 if node.start_mark else 1
        return line, f"{self.name}:{line}: {text}"

    def _found(self, place: Place) -> tuple[Node, str]:
        """The node at `place`, or as near to it as the document goes, and its name."""
        node, named = self._root, []
        for number, part in enumerate(place, 1):
            below = _below(node, part)
            node = below or node
            # pydantic names the member of a union, too, which no document has.
            if below is not None or number == len(place):
                named.append(str(part))
        return node, ".".join(named)


def _below(node: Node, part: int | str) -> Node | None:
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        found: Node = node.value[part]
        return found
    if isinstance(node, MappingNode):
        return next((v for k, v in node.value if _same(k, part)), None)
    return None


def _same(key: Node, part: int | str) -> bool:
    if not isinstance(key, ScalarNode):
        return False
    try:
        return key.value == str(part) or str(yaml.safe_load(key.value)) == str(part)
    except (yaml.YAMLError, ValueError):
        return False


def _twice(root: Node) -> Iterator[tuple[str, Node]]:
    """Keys that stand twice in one mapping; YAML itself lets the last one win, silently."""
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen or isinstance(node, ScalarNode):
            continue  # an alias leads back to its anchor
        seen.add(id(node))
        if isinstance(node, MappingNode):
            yield from _repeated(node)
            waiting += [value for _, value in node.value]
        else:
            waiting += node.value


def _repeated(node: MappingNode) -> Iterator[tuple[str, Node]]:
    keys = [key for key, _ in node.value if isinstance(key, ScalarNode)]
    for number, key in enumerate(keys):
        if any(key.value == before.value for before in keys[:number]):
            yield key.value, key


def _wrong(kind: type[BaseModel], item: ErrorDetails) -> str:
    """What is wrong with one field: its value, and what was expected."""
    if item["type"] == "missing":
        return "missing"
    if item["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        known = _fields(kind.model_json_schema(), item["loc"][:-1])
        return f"unknown field; {nearest(str(item['loc'][-1]), known)}"
    value, expected = item["input"], item["msg"].removeprefix("Value error, ")
    if item["type"] in ("model_type", "dataclass_type", "dict_type"):
        expected = "expected a mapping"
    if expected.startswith("Input should be "):
        expected = "expected " + expected.removeprefix("Input should be ")
    if item["type"] == "literal_error" and isinstance(value, str):
        near = difflib.get_close_matches(value, QUOTED.findall(expected), n=1)
        expected += f"; did you mean {near[0]!r}?" if near else ""
    if item["type"] == "string_type" and isinstance(value, bool):
        expected += "; YAML reads yes, no, on and off as true and false: put it in quotes"
    return expected if isinstance(value, Mapping) else f"{shown(value)}, {expected}"


def shown(value: Any) -> str:
    """`value` as a sentence repeats it; never with a password that stands in an address."""
    text = USERINFO.sub("//…@", repr(value))
    return text if len(text) <= SHOWN_MAX else f"{text[: SHOWN_MAX - 1]}…"


def nearest(name: str, known: Iterable[str]) -> str:
    """What someone who wrote `name` may have meant."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known here are {', '.join(names)}"


def _fields(schema: Mapping[str, Any], place: Place) -> Iterable[str]:
    """Names of the fields that may stand at `place`, by the JSON Schema of the whole."""
    definitions = schema.get("$defs", {})

    def resolved(part: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in part:
            part = definitions[part["$ref"].rpartition("/")[2]]
        choices = [c for c in map(resolved, part.get("anyOf", ())) if c.get("type") != "null"]
        return choices[0] if choices else part

    at = resolved(schema)
    for step in place:
        inner = at.get("items") if isinstance(step, int) and "items" in at else None
        inner = inner or at.get("properties", {}).get(step) or at.get("additionalProperties") or {}
        if step in at.get("discriminator", {}).get("mapping", {}):
            inner = {"$ref": at["discriminator"]["mapping"][step]}
        at = resolved(inner) if isinstance(inner, Mapping) else {}
    return list(at.get("properties", {}))
