"""A small catalogue, and a normaliser that knows it."""

from pathlib import Path

import pytest
from tests.unit.normalizer import catalogue

from isthmus.normalizer.domain.catalog import Catalog
from isthmus.normalizer.domain.normalize import Normalizer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of the small catalogue, which a test may spoil."""
    return catalogue.written(tmp_path / "catalog")


@pytest.fixture(scope="session", autouse=True)
def catalog() -> Catalog:
    """The small catalogue; read before any event loop runs, as services do."""
    return catalogue.small()


@pytest.fixture
def normalizer(catalog: Catalog) -> Normalizer:
    """A normaliser that has seen nothing yet."""
    return Normalizer(catalog)
