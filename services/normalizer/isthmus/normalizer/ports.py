"""What the handlers need from outside."""

from typing import Protocol

from isthmus.normalizer.domain.catalog import Catalog


class Statistics(Protocol):
    """Counts what a person should know about the catalogue; never blocks, never raises."""

    def reported(self, reachability: str, count: int) -> None:
        """`count` reports with this reachability were made."""

    def unrecognised(self, attribute: str) -> None:
        """A device was met whose `attribute` no rule knows; once for each new appearance."""

    def doubted(self, quality: str, count: int) -> None:
        """`count` values were reported with this quality, `uncertain` or `bad`."""


class MeasureArrivals(Protocol):
    """Counts what comes from sites; never blocks, never raises."""

    def arrived(self, site: str, outcome: str, count: int) -> None:
        """So many scheduled reads of the site ended like this."""

    def heard(self, site: str, at_s: float) -> None:
        """The newest of the site's observations in a batch was made at this Unix time."""

    def polled_twice(self, site: str) -> None:
        """Two collectors have read one target for the same slot."""


class CatalogSource(Protocol):
    """Where the catalogue lies; both methods read files, and block while they do."""

    def fingerprint(self) -> str:
        """Of the files as they are now; raises OSError."""
        ...

    def load(self) -> Catalog:
        """The catalogue as it is now; raises IsthmusError with a line for each mistake."""
        ...


class MeasureCatalog(Protocol):
    """Says which catalogue is in use; never blocks, never raises."""

    def catalog(self, fingerprint: str) -> None:
        """This one is."""

    def catalog_refused(self) -> None:
        """Another one is there, and wrong."""
