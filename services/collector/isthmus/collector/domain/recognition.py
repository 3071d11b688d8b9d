"""Which profile fits a device: decided by its identity facts, and by nothing else."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TypeAlias

Match: TypeAlias = Mapping[str, str]
"""Names of facts, and the regular expression that the whole of each must match."""
Rules: TypeAlias = Mapping[str, Match]
"""What each profile matches, by the profile's name."""

# A device chooses the text: what a match may cost is bounded by its length, by the number of
# repetitions in the expression, and by their not being nested.
TEXT_MAX = 256
REPETITIONS_MAX = 3
ESCAPED = re.compile(r"\\[^1-9]")
REPETITION = re.compile(r"[*+{]")
NESTED = re.compile(r"\)[*+{]")
BACK_OR_AROUND = re.compile(r"\\[1-9]|\(\?P=|\(\?[=!<(]")


def pattern(text: str) -> str:
    """`text`, when it is an expression that costs little on any input; else raises ValueError."""
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    bare = ESCAPED.sub("_", text)
    if NESTED.search(bare):
        raise ValueError("repeats a group; repeat single characters or classes only")
    if BACK_OR_AROUND.search(bare):
        raise ValueError("looks around or back; say what the whole fact looks like")
    if len(REPETITION.findall(bare)) > REPETITIONS_MAX:
        raise ValueError(f"has more than {REPETITIONS_MAX} repetitions (* + {{}})")
    return text


def matching(rules: Rules, facts: Mapping[str, str]) -> Sequence[str]:
    """Profiles of which every expression matches: those with most expressions, by name."""
    found = [name for name, match in rules.items() if match and fits(match, facts)]
    most = max((len(rules[name]) for name in found), default=0)
    return sorted(name for name in found if len(rules[name]) == most)


def fits(match: Match, facts: Mapping[str, str]) -> bool:
    """Does every expression match its fact? A fact that is not there matches nothing."""
    return all(name in facts and _fits(text, facts[name]) for name, text in match.items())


def contradicts(match: Match, facts: Mapping[str, str]) -> bool:
    """Does one of the facts that are there say that this is another device?"""
    return any(name in facts and not _fits(text, facts[name]) for name, text in match.items())


def _fits(text: str, fact: str) -> bool:
    return _compiled(text).fullmatch(fact[:TEXT_MAX]) is not None


@cache
def _compiled(text: str) -> re.Pattern[str]:
    return re.compile(text)
