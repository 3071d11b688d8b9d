"""Wiring: observations in, reports out."""

from collections.abc import Iterator
from pathlib import Path

from isthmus.normalizer.adapters import catalog
from isthmus.normalizer.adapters.prometheus import NormalizerMetrics
from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.handlers import OBSERVATIONS, REQUIRED, Handler, explain
from isthmus.normalizer.settings import Settings
from isthmus.runtime.app import Application
from isthmus.telemetry.v1.observation_pb2 import Observation

CATALOG = Path(__file__).parent / "catalog"


def build(settings: Settings) -> Application:
    """The service, ready to run; raises IsthmusError when the catalogue is wrong."""
    app = Application("normalizer", settings, description=__doc__)
    normalizer = Normalizer(catalog.load(settings.catalog.folder or CATALOG))
    handler = Handler(normalizer, NormalizerMetrics(app.registry))
    app.consume(OBSERVATIONS, Observation, handler, required=REQUIRED)
    return app


def explained(catalog_folder: Path, file: Path) -> Iterator[str]:
    """What the catalogue in a folder makes of the Observation in a file, line by line."""
    return explain(Normalizer(catalog.load(catalog_folder)), file.read_text(encoding="utf-8"))
