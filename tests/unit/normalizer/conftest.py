"""The catalogue that comes with the service, and a short way to observe."""

from pathlib import Path

import pytest

from isthmus.normalizer.adapters import catalog as adapter
from isthmus.normalizer.app import CATALOG
from isthmus.normalizer.domain.catalog import Catalog
from isthmus.normalizer.domain.normalize import Normalizer


@pytest.fixture(scope="session")
def folder() -> Path:
    """Where the files of the catalogue are."""
    return CATALOG


@pytest.fixture(scope="session")
def catalog(folder: Path) -> Catalog:
    """The catalogue that comes with the service."""
    return adapter.load(folder)


@pytest.fixture
def normalizer(catalog: Catalog) -> Normalizer:
    """A normaliser that has seen nothing yet."""
    return Normalizer(catalog)
