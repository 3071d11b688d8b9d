"""A replica with what keeps it quiet."""

from typing import Any

import pytest
from tests.unit.alerting.plant import Plant


@pytest.fixture
async def plant(memory: Any) -> Plant:
    """A replica that owns partition 0."""
    made = Plant(memory)
    await made.start()
    return made
