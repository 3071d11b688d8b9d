"""What the simulator tests share: the fleet's files and a clock that stands still."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from isthmus.simulators.devices import Library
from isthmus.simulators.fleet import Fleet, load

SIMULATORS = Path(__file__).parents[3] / "simulators"


@dataclass
class Clock:
    """Time that moves only when a test moves it."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def fleet() -> Fleet:
    return load(SIMULATORS / "fleet.yaml")


@pytest.fixture(scope="session")
def devices() -> Path:
    return SIMULATORS / "devices"


@pytest.fixture(scope="session")
def library(devices: Path) -> Library:
    return Library(folder=devices)
