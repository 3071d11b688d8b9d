"""Regular expressions that take time linear in the text, however they are written (RE2)."""

from collections.abc import Sequence
from typing import Any

import re2

from isthmus.normalizer.domain.families import Pattern, Union

BYTES_MAX = 1 << 28  # of the automaton of many patterns; 5,000 take a quarter of it


def compiled(text: str) -> Pattern:
    """The pattern; raises ValueError where RE2 does not know it."""
    options = re2.Options()
    options.log_errors = False
    try:
        pattern: Pattern = re2.compile(text, options)
    except re2.error as error:
        reason = error.args[0]
        said = reason.decode() if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"{text!r} is no regular expression of RE2: {said}") from None
    return pattern


def united(patterns: Sequence[Pattern]) -> Union:
    """Which of `patterns` are in a text, told in one pass over it."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = BYTES_MAX
    together = re2.Set.SearchSet(options)
    for pattern in patterns:
        together.Add(pattern.pattern)
    together.Compile()

    def found(text: str) -> Sequence[int]:
        numbers: Any = together.Match(text)  # a list, or None; the stubs say bool
        return numbers or ()

    return found
