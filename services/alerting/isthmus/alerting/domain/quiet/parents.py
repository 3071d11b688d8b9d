"""Whose failure explains that another one is not heard: what is above it, and down itself."""

from collections.abc import Callable, Iterable

PREFIX = "parent_down:"
SETTLING = "settling"
"""Holds a communication alarm until it would be known that its parent is down too."""
COMMUNICATION = frozenset({"reachability", "silence", "delay"})
"""What rules watch whose alarms say that something is not reached, whatever is wrong with it."""
REACHED_MAX = 1_000
"""Sources that are looked at above one: what hangs on more is not worked out any further."""
Above = Callable[[str], Iterable[str]]
"""What a source hangs on directly, as far as that is down."""


def endpoints(source: str) -> list[str]:
    """The sources that `site/target/device…` is read through, by its name: the nearest first."""
    parts = source.split("/")
    return ["/".join(parts[:end]) for end in range(len(parts) - 1, 1, -1)]


def reached(source: str, above: Above) -> set[str]:
    """All that is down above `source`, with no gap between; `source` itself in a cycle."""
    found: set[str] = set()
    waiting = [source]
    while waiting and len(found) < REACHED_MAX:
        for each in above(waiting.pop()):
            if each not in found:
                found.add(each)
                waiting.append(each)
    return found


def free(source: str, above: Above) -> bool:
    """Does nothing above explain that `source` is down? Of a cycle, the first by name is free.

    So of any set of sources that are down at least one calls a person.
    """
    higher = reached(source, above)
    cycle = {each for each in higher if source in reached(each, above)}
    return not higher - cycle and (not cycle or source == min(cycle))


def explaining(source: str, above: Above) -> list[str]:
    """What is down above `source` and calls a person itself; nothing if `source` has to."""
    if free(source, above):
        return []
    return sorted(each for each in reached(source, above) - {source} if free(each, above))
