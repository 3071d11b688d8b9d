"""A catalogue that changes while the service runs: used when it is good, refused when it is not."""

import asyncio
from collections.abc import Callable

import structlog

from isthmus.normalizer.domain.catalog import Catalog
from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.ports import CatalogSource, MeasureCatalog
from isthmus.runtime.errors import IsthmusError

log = structlog.get_logger()
LOOK_S = 10.0


class Reload:
    """Looks at the catalogue's folder, and hands over what it finds once it has changed."""

    def __init__(
        self,
        source: CatalogSource,
        known: Catalog,
        use: Callable[[Normalizer], None],
        measure: MeasureCatalog,
    ) -> None:
        self._source = source
        self._seen = known.fingerprint
        self._use = use
        self._measure = measure
        measure.catalog(known.fingerprint)

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Use another catalogue if there is one; what is wrong with it is said once."""
        try:
            fingerprint = await asyncio.to_thread(self._source.fingerprint)
            if fingerprint == self._seen:
                return
            self._seen = fingerprint
            found = await asyncio.to_thread(self._source.load)
        except (IsthmusError, OSError) as error:
            if isinstance(error, OSError):
                self._seen = ""  # nothing is known of it: the next look reads it again
            self._measure.catalog_refused()
            log.error("catalog_refused", reason=str(error))
            return
        self._use(Normalizer(found))
        self._measure.catalog(found.fingerprint)
        log.info("catalog_changed", fingerprint=found.fingerprint)
