"""Places in the stream of transitions: how far somebody has come on each partition."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reached:
    """The next offset of each partition of the topic; the same on every replica."""

    offsets: Mapping[int, int]

    @classmethod
    def parsed(cls, text: str) -> "Reached":
        """The place that `str` has written; raises ValueError."""
        offsets = {}
        for each in text.split("."):
            partition, separator, offset = each.partition("-")
            if not separator or not (partition.isdecimal() and offset.isdecimal()):
                raise ValueError(text)
            offsets[int(partition)] = int(offset)
        return cls(offsets)

    def __str__(self) -> str:
        return ".".join(
            f"{partition}-{self.offsets[partition]}" for partition in sorted(self.offsets)
        )

    def has(self, partition: int, offset: int) -> bool:
        """Whether the record at `offset` is behind it."""
        return offset < self.offsets.get(partition, 0)

    def past(self, partition: int, offset: int) -> "Reached":
        """The place after that record."""
        return Reached({**self.offsets, partition: offset + 1})
