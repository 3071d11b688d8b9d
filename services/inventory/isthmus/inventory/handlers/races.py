"""How often somebody who met another writer looks again, and decides anew."""

from isthmus.runtime.errors import Retryable

TRIES = 8


def outrun() -> Retryable:
    """What there is to say when each try met another writer."""
    return Retryable(f"store: other writers were faster {TRIES} times in a row")
