"""The normaliser, wired: observations in, reports out."""

from isthmus.normalizer.adapters import catalog
from isthmus.normalizer.adapters.prometheus import NormalizerMetrics
from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.handlers.arrivals import Arrivals
from isthmus.normalizer.handlers.observations import (
    IMPORTS,
    IMPORTS_REQUIRED,
    REQUIRED,
    TOPIC,
)
from isthmus.normalizer.handlers.reload import Reload
from isthmus.normalizer.handlers.reports import Handler
from isthmus.normalizer.settings import Settings
from isthmus.runtime.app import Application
from isthmus.runtime.settings import load
from isthmus.telemetry.v1.observation_pb2 import Observation


def build(settings: Settings) -> Application:
    """The service, ready to run; raises IsthmusError when the catalogue is wrong."""
    app = Application("normalizer", settings, description=__doc__)
    measure = NormalizerMetrics(app.registry)
    folder = settings.catalog.folder or catalog.SHIPPED
    known = catalog.load(folder)
    handler = Handler(Normalizer(known), measure)
    arrivals = Arrivals(measure)
    app.consume(TOPIC, Observation, arrivals.before(handler), required=REQUIRED)
    app.consume(IMPORTS, Observation, handler, required=IMPORTS_REQUIRED)
    reload = Reload(catalog.CatalogFolder(folder), known, handler.use, measure)
    app.background("catalog", reload.run)
    return app


def serve() -> None:
    """Run the normaliser until SIGTERM."""
    build(load(Settings)).run()
