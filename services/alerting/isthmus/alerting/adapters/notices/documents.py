"""A YAML document whose mistakes say line, field and reason, and never a secret."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Model = TypeVar("Model", bound=BaseModel)
SHOWN_MAX = 60


class Mistakes(ValueError):
    """Everything that is wrong with one document, a sentence each."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)


class Document:
    """One YAML document, with the line of every field."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        try:
            loader = yaml.SafeLoader(text)
            self._root = loader.get_single_node() or ScalarNode("tag:yaml.org,2002:null", "")
            self._content = loader.construct_document(self._root)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise Mistakes([f"{name}:{mark.line + 1 if mark else 1}: {error.problem}"]) from error
        except (yaml.YAMLError, ValueError) as error:  # ValueError: a date such as 2026-13-45
            raise Mistakes([f"{name}:1: {' '.join(str(error).split())}"]) from error

    def check(self, kind: type[Model]) -> Model:
        """The content as `kind`; raises Mistakes with all that is wrong, in the file's order."""
        found = [self._at(key, f"{key.value}: stands here twice") for key in _twice(self._root)]
        try:
            model = kind.model_validate(self._content)
        except ValidationError as error:
            found += [self._sentence(item) for item in error.errors()]
            raise Mistakes([text for _, text in sorted(found)]) from None
        if found:
            raise Mistakes([text for _, text in sorted(found)])
        return model

    def mistake(self, place: Sequence[int | str], text: str) -> str:
        """One sentence about the field at `place`."""
        node, field = self._found(place)
        return self._at(node, f"{field}: {text}" if field else text)[1]

    def _sentence(self, item: ErrorDetails) -> tuple[int, str]:
        node, field = self._found(item["loc"])
        reason = _reason(item)
        return self._at(node, f"{field}: {reason}" if field else reason)

    def _at(self, node: Node, text: str) -> tuple[int, str]:
        line = node.start_mark.line + 1 if node.start_mark else 1
        return line, f"{self.name}:{line}: {text}"

    def _found(self, place: Sequence[int | str]) -> tuple[Node, str]:
        """The node at `place`, or as near to it as the document goes, and its name."""
        node, named = self._root, []
        for number, part in enumerate(place, 1):
            below = _below(node, part)
            node = below or node
            if below is not None or number == len(place):
                named.append(str(part))
        return node, ".".join(named)


def _reason(item: ErrorDetails) -> str:
    if item["type"] == "missing":
        return "missing"
    if item["type"] == "extra_forbidden":
        return "unknown field"
    said = item["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
    value = item["input"]
    if not isinstance(value, str | int | float) or item["type"] == "value_error":
        return said
    if item["type"] == "string_type":
        said += "; put it in quotes"  # YAML reads 22:00 as 1320, and no as false
    return f"{str(value)[:SHOWN_MAX]!r}, {said}"


def _below(node: Node, part: int | str) -> Node | None:
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        found: Node = node.value[part]
        return found
    if isinstance(node, MappingNode):
        return next((v for k, v in node.value if k.value == str(part)), None)
    return None


def _twice(node: Node) -> Iterator[Any]:
    """Keys that stand twice in one mapping; YAML itself lets the last one win, silently."""
    if isinstance(node, SequenceNode):
        for each in node.value:
            yield from _twice(each)
    if isinstance(node, MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield key
            seen.add(key.value)
            yield from _twice(value)
