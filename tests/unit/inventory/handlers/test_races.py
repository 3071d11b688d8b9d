"""How often somebody who met another writer looks again."""

from isthmus.inventory.handlers.races import TRIES, outrun
from isthmus.runtime.errors import Retryable


def test_who_is_outrun_can_try_again_later() -> None:
    """Nothing was lost: the error says how often it was tried."""
    error = outrun()

    assert isinstance(error, Retryable)
    assert f"{TRIES} times in a row" in str(error)
