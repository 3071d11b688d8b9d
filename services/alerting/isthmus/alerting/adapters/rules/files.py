"""Rule files: strict YAML, where each mistake is one line and the other rules go on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from isthmus.alerting.adapters.rules.parts import RulePart, explained

SHIPPED = files("isthmus.alerting") / "rules"


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong in a file, and where."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The rules that are right, and one line for each mistake."""

    rules: tuple[RulePart, ...]
    mistakes: tuple[Mistake, ...]


def load(*folders: Traversable | Path) -> Loaded:
    """The rules of the files `*.yaml` in `folders`; one with a mistake is left out alone."""
    rules: dict[str, RulePart] = {}
    mistakes: list[Mistake] = []
    for file in _files(folders):
        for line, found in _read(file):
            if isinstance(found, str):
                mistakes.append(Mistake(file.name, line, found))
            elif found.name in rules:
                reason = f"rule {found.name}: name: is taken by another rule"
                mistakes.append(Mistake(file.name, line, reason))
            else:
                rules[found.name] = found
    return Loaded(tuple(rules.values()), tuple(mistakes))


def nodes(text: str) -> tuple[yaml.Node | None, Any]:
    """The YAML of `text` as nodes that know their lines, and as values; raises yaml.YAMLError."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is not None:
            _check_keys(node)
        return node, None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()


def line_of(node: yaml.Node | None, place: Iterable[str | int]) -> int:
    """The line of what stands at `place` below `node`, or of the last part of it that there is."""
    line = 1
    for part in [None, *place]:
        node = node if part is None else _below(node, part)
        if node is None:
            return line
        line = node.start_mark.line + 1
    return line


def _files(folders: Iterable[Traversable | Path]) -> Iterator[Traversable | Path]:
    for folder in folders:
        found = [file for file in folder.iterdir() if file.name.endswith(".yaml")]
        yield from sorted(found, key=lambda file: file.name)


def _read(file: Traversable | Path) -> Iterator[tuple[int, RulePart | str]]:
    try:
        node, content = nodes(file.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        yield mark.line + 1 if mark else 1, f"no YAML: {error.problem}"
        return
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        yield 1, f"no YAML: {' '.join(str(error).split())}"
        return
    if not isinstance(content, dict) or list(content) != ["rules"]:
        yield 1, "expected one key, rules, with a list of rules"
        return
    if not isinstance(content["rules"], list):
        yield line_of(node, ["rules"]), "rules: expected a list of rules"
        return
    for number, item in enumerate(content["rules"]):
        yield from _parsed(node, number, item)


def _parsed(node: yaml.Node | None, number: int, item: Any) -> Iterator[tuple[int, RulePart | str]]:
    try:
        yield line_of(node, ["rules", number]), RulePart.model_validate(item)
    except ValidationError as error:
        name = item.get("name", number + 1) if isinstance(item, dict) else number + 1
        for place, reason in explained(error):
            yield line_of(node, ["rules", number, *place]), f"rule {name}: {reason}"


def _below(node: yaml.Node | None, part: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
        return node.value[part] if part < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == part), None)
    return None


def _check_keys(node: yaml.Node) -> None:
    """YAML forbids two keys alike in one mapping (1.2.2, 3.2.1.1); the library takes the last."""
    if isinstance(node, yaml.SequenceNode):
        for each in node.value:
            _check_keys(each)
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"{key.value} stands here twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
            _check_keys(value)
