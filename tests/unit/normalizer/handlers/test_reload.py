"""A catalogue that changes while the service runs."""

import asyncio
from dataclasses import replace

import pytest
from tests.unit.normalizer.catalogue import small
from tests.virtual_time import virtual_time

from isthmus.normalizer.domain.catalog import Catalog
from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.handlers.reload import Reload
from isthmus.runtime.errors import IsthmusError


class Folder:
    """A folder that holds what a test puts there."""

    def __init__(self) -> None:
        self.holds = "good"
        self.loads = 0

    def fingerprint(self) -> str:
        """Of what it holds."""
        if self.holds == "away":
            raise OSError("Input/output error")
        return self.holds

    def load(self) -> Catalog:
        """What it holds, if that is a catalogue."""
        self.loads += 1
        if self.holds.startswith("wrong"):
            raise IsthmusError(f"catalog: {self.holds}")
        return replace(small(), fingerprint=self.holds)


class Measured:
    """What a dashboard would show."""

    def __init__(self) -> None:
        self.used: list[str] = []
        self.refused = 0

    def catalog(self, fingerprint: str) -> None:
        """Another one is used."""
        self.used.append(fingerprint)
        self.refused = 0

    def catalog_refused(self) -> None:
        """One was refused."""
        self.refused += 1


class Bench:
    """A folder, and who uses its catalogue."""

    def __init__(self) -> None:
        self.folder, self.measured = Folder(), Measured()
        self.used: list[str] = []
        known = self.folder.load()
        self.reload = Reload(self.folder, known, self._use, self.measured)

    def _use(self, normalizer: Normalizer) -> None:
        self.used.append(normalizer.catalog.fingerprint)

    async def look(self, holds: str) -> None:
        """Look at the folder when it holds this."""
        self.folder.holds = holds
        await self.reload.look()


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_the_catalogue_of_the_start_is_told_and_not_loaded_again(bench: Bench) -> None:
    """A dashboard knows it from the first moment."""
    await bench.look("good")

    assert bench.measured.used == ["good"]
    assert (bench.used, bench.folder.loads) == ([], 1)


async def test_another_good_one_is_used(bench: Bench) -> None:
    """Once."""
    await bench.look("better")
    await bench.look("better")

    assert bench.used == ["better"]
    assert bench.measured.used == ["good", "better"]


async def test_a_wrong_one_is_refused_and_said_once(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last good one goes on; nobody wants the same line every ten seconds."""
    await bench.look("wrong")
    await bench.look("wrong")

    assert bench.used == []
    assert bench.measured.refused == 1
    assert capsys.readouterr().out.count("catalog: wrong") == 1


async def test_each_wrong_one_is_said(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody tries to mend it."""
    await bench.look("wrong-1")
    await bench.look("wrong-2")

    assert "catalog: wrong-1" in (said := capsys.readouterr().out)
    assert "catalog: wrong-2" in said


@pytest.mark.parametrize("then", ["better", "good"])
async def test_a_good_one_after_a_wrong_one_is_used(bench: Bench, then: str) -> None:
    """Also when it is the one from before: the dashboard shows that all is well."""
    await bench.look("wrong")
    await bench.look(then)

    assert bench.used == [then]
    assert bench.measured.refused == 0


async def test_a_folder_that_was_away_is_read_again(bench: Bench) -> None:
    """Nothing is refused any more once it is back, whatever it holds."""
    await bench.look("away")
    assert bench.measured.refused == 1

    await bench.look("good")

    assert bench.measured.refused == 0


@virtual_time
async def test_a_service_looks_every_ten_seconds() -> None:
    """Until it is told to stop."""
    bench = Bench()
    task = asyncio.create_task(bench.reload.run())
    await asyncio.sleep(9)
    bench.folder.holds = "better"
    before = list(bench.used)
    await asyncio.sleep(2)
    while not bench.used:
        await asyncio.sleep(0)
    task.cancel()

    assert before == []
    assert bench.used == ["better"]
