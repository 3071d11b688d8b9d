"""Conditions in CEL, the Common Expression Language, compiled once.

An expression reads `metric.<name>`, `attribute.<name>`, `asset.<field>` and words of the context,
and nothing else, so that it is known beforehand which reports it concerns. What it reads is bound
as flat variables: the library copies what it is given, and a map costs it ten times a number.
"""

import re
from collections.abc import Iterator, Mapping

import cel

from isthmus.alerting.domain.rules.conditions import Expression
from isthmus.alerting.domain.rules.judge import CONTEXT

EXPRESSION_CHARS_MAX = 1000
ROOTS = ("metric", "attribute", "asset")
TOKEN = re.compile(
    r"""(?P<text>[rRbB]{0,2}(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'))
    |(?P<comment>//[^\n]*)
    |(?P<number>\d[\w.]*)
    |(?P<method>\.\s*[A-Za-z_]\w*)
    |(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
    |(?P<other>.)""",
    re.DOTALL | re.VERBOSE,
)
BINDING = re.compile(r"\b(?:all|exists|exists_one|filter|map)\s*\(\s*(\w+)\s*,")


def compiled(text: str, units: Mapping[str, str], fields: frozenset[str]) -> Expression:
    """The expression of `text`; raises ValueError with one sentence.

    `units` says in which unit each metric is meant, `fields` what there is of an asset.
    """
    if len(text) > EXPRESSION_CHARS_MAX:
        raise ValueError(f"{len(text)} characters, expected at most {EXPRESSION_CHARS_MAX}")
    _parsed(text)
    reads = frozenset(name for _, name in _tokens(text) if name)
    bound = BINDING.findall(text)
    if len(bound) > 1:
        raise ValueError("expected at most one of all, exists, exists_one, filter, map")
    _check_reads(reads, units, fields)
    program = _parsed("".join(_flat(name) if name else token for token, name in _tokens(text)))
    unknown = {*program.variables()} - {_flat(name) for name in reads} - {*bound}
    if unknown:
        words = ", ".join(sorted(CONTEXT))
        raise ValueError(
            f"{min(unknown)} is not known, expected metric.<name>, attribute.<name>, "
            f"asset.<field> or one of {words}"
        )
    return Expression(text, reads, dict(units), _Program(program, reads))


class _Program:
    """Asks a compiled expression."""

    def __init__(self, program: cel.Program, reads: frozenset[str]) -> None:
        self._execute = program.execute
        self._variables = {name: _flat(name) for name in reads}

    def __call__(self, known: Mapping[str, object]) -> bool:
        """See Expression."""
        variables = {self._variables[name]: value for name, value in known.items()}
        try:
            found = self._execute(variables)
        except Exception as error:  # the library raises what Python has for each kind of mistake
            raise ValueError(" ".join(str(error).split())[:200]) from error
        if not isinstance(found, bool):
            raise ValueError(f"gives {found!r}, expected true or false")
        return found


def _parsed(text: str) -> cel.Program:
    try:
        return cel.compile(text)
    except ValueError as error:
        found = re.search(r"ERROR: <input>:(.*?)(?:\n|,? expecting|$)", str(error))
        reason = found.group(1) if found else "no expression"
        raise ValueError(f"no CEL at {reason[:200]}") from error


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Each token, and what it reads: empty unless it is a name of ours."""
    for match in TOKEN.finditer(text):
        token = match.group()
        name = _read(token) if match.lastgroup == "name" else ""
        if name and token != name:  # a method of what is read: its call stays as it is
            yield name, name
            yield token[len(name) :], ""
        else:
            yield token, name


def _read(token: str) -> str:
    root, _, rest = token.partition(".")
    if root in CONTEXT:
        return root
    if root not in ROOTS or not rest:
        return ""
    depth = 2 if rest.startswith("custom.") and root == "asset" else 1
    return ".".join([root, *rest.split(".")[:depth]])


def _flat(name: str) -> str:
    return name.replace(".", "__")


def _check_reads(reads: frozenset[str], units: Mapping[str, str], fields: frozenset[str]) -> None:
    metrics = {name.partition(".")[2] for name in reads if name.startswith("metric.")}
    for metric in sorted(metrics ^ units.keys()):
        if metric in metrics:
            raise ValueError(f"units: expected the unit in which metric.{metric} is meant")
        raise ValueError(f"units: {metric} is not read")
    for name in sorted(reads):
        root, _, field = name.partition(".")
        if root == "asset" and field not in fields and not field.startswith("custom."):
            raise ValueError(f"{name}: no asset has this field")
