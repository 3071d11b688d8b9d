"""How the value of an asset is written off, month by month."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from isthmus.inventory.domain.money.days import month_ends

DECLINING_FACTOR = 2
"""A declining balance writes off twice what a straight line does in its first month."""
STRAIGHT_LINE = "straight_line"


@dataclass(frozen=True, slots=True)
class Depreciation:
    """What is written off from `start`, when the asset was there to be used (IAS 16.55).

    A month is written off on its last day, the first one whole; it goes on when the asset is
    idle or retired, and ends after `life_months` at the residual value.
    """

    method: str
    price: Decimal
    residual: Decimal
    life_months: int
    start: date

    def book_value(self, on: date) -> Decimal:
        """What the books hold it for in the evening of `on`."""
        months = month_ends(self.start, on)
        if months >= self.life_months:
            return self.residual
        if self.method == STRAIGHT_LINE:
            return self.price - (self.price - self.residual) * months / self.life_months
        return self._declined(months)

    def _declined(self, months: int) -> Decimal:
        """A declining balance, until a straight line over what is left writes off more."""
        value = self.price
        for month in range(months):
            declining = value * DECLINING_FACTOR / self.life_months
            straight = (value - self.residual) / (self.life_months - month)
            value = max(value - max(declining, straight), self.residual)
        return value
