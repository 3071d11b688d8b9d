"""Versions: what of two is newer, as their maker counts, and their names in CPE 2.3."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

PART_DIGITS_MAX = 18
TOKENS = re.compile(r"\d+|[A-Za-z]+")
# A pre-release comes before the release that it is one of: 2.0rc1 < 2.0.
BEFORE = frozenset({"alpha", "beta", "dev", "pre", "preview", "rc"})
BEFORE_JUNOS = BEFORE | {"b", "i", "x"}  # beta, internal, exception releases
DATE = re.compile(r"(?P<y>(?:19|20)\d\d)[-./]?(?P<m>\d\d)[-./]?(?P<d>\d\d)")
ZERO = "b"
END = "B"  # behind the marks of a pre-release, before everything else
CPE_NO_PART = re.compile(r"[^!-~]+")  # 5.3.2: white space and what is not ASCII
CPE_ESCAPED = re.compile(r"([^a-z0-9._-])")


def order(version: str, scheme: str) -> str:
    """A text that sorts as `version` does among those of its maker; empty when it has no number."""
    parts: list[str] = []
    for part in (*SCHEMES[scheme](version), END):
        if part[0] in "ABz":  # zeros before a word or the end say nothing: 2.0 is 2
            while parts and parts[-1] == ZERO:
                parts.pop()
        parts.append(part)
    return ".".join(parts) if any(c.isdecimal() for c in version) else ""


def number(digits: str | int) -> str:
    """A number as a part that sorts by its value: a letter for its length, then its digits."""
    plain = str(digits).lstrip("0")[:PART_DIGITS_MAX]
    return f"{chr(ord('b') + len(plain))}{plain}"


def _word(word: str, before: frozenset[str]) -> str:
    """Before every number when it marks a pre-release, behind all of them otherwise."""
    lower = word.lower()
    return f"A{lower}" if lower in before else f"z{lower}"


def dotted(version: str, before: frozenset[str] = BEFORE) -> Iterator[str]:
    """Numbers and words from left to right: 3.2.10, 4.1b, 12.2(55)SE9."""
    tokens = TOKENS.findall(version)
    first = next((at for at, token in enumerate(tokens) if token.isdigit()), len(tokens))
    return (number(token) if token.isdigit() else _word(token, before) for token in tokens[first:])


def junos(version: str) -> Iterator[str]:
    """As `dotted`, with Junos' own marks of what comes before a release: 21.4B1 < 21.4R1."""
    return dotted(version, BEFORE_JUNOS)


def digits(version: str) -> Iterator[str]:
    """Each digit behind the first dot is a step: 3.20 is 3.2.0, as 3.2 is."""
    match = re.search(r"(\d+)([\d.]*)(.*)", version)
    if match:
        yield number(match[1])
        yield from (number(digit) for digit in match[2].replace(".", ""))
        yield from dotted(f"0{match[3]}") if re.search(r"[A-Za-z]", match[3]) else ()


def date(version: str) -> Iterator[str]:
    """A day: 20190304, 2019-03-04; anything else as numbers and words."""
    match = DATE.search(version)
    return (number(part) for part in match.groups()) if match else dotted(version)


SCHEMES: Mapping[str, Callable[[str], Iterable[str]]] = {
    "cisco": dotted,
    "date": date,
    "digits": digits,
    "dotted": dotted,
    "junos": junos,
}
"""How makers count; Cisco's trains are words between numbers."""


def cpe(product: str, version: str) -> str:
    """The CPE 2.3 name (NISTIR 7695, 6.2) of `part:vendor:product` in a version; `*` for any."""
    part, vendor, name = product.split(":", 2)
    number = CPE_NO_PART.sub("_", version.lower())
    shown = CPE_ESCAPED.sub(r"\\\1", number) if number != "-" else r"\-"  # a lone - says: none
    shown = shown or "*"
    return f"cpe:2.3:{part}:{vendor}:{name}:{shown}:*:*:*:*:*:*:*"
