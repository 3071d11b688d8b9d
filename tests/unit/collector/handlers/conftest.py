"""What tests of the engine share."""

from typing import Any

import pytest
from tests.unit.collector.handlers.bench import Bench
from tests.unit.collector.handlers.line_plant import Plant


@pytest.fixture
def bench(gate: Any, measured: Any) -> Bench:
    """An engine that nobody has started."""
    return Bench(gate, measured)


@pytest.fixture
def plant(gate: Any, measured: Any) -> Plant:
    """A site whose fence is open."""
    return Plant(gate, measured)
