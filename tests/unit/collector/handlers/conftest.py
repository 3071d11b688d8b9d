"""What tests of the engine share."""

from typing import Any

import pytest
from tests.unit.collector.handlers.bench import Bench


@pytest.fixture
def bench(gate: Any, measured: Any) -> Bench:
    """An engine that nobody has started."""
    return Bench(gate, measured)
