"""What the handlers need from outside."""

from typing import Protocol


class Statistics(Protocol):
    """Counts what a person should know about the catalogue; never blocks, never raises."""

    def reported(self, reachability: str, count: int) -> None:
        """`count` reports with this reachability were made."""

    def unrecognised(self, attribute: str) -> None:
        """A device was met whose `attribute` no rule knows; once for each new appearance."""

    def skipped(self, count: int) -> None:
        """`count` values were no finite numbers and are in no report."""
