"""An asset as rules see it, and the groups in which it stands."""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

DATES = frozenset(
    {
        "commissioned_on",
        "disposed_on",
        "end_of_sale",
        "end_of_support",
        "manufactured_on",
        "purchased_on",
        "released",
        "retired_on",
        "warranty_until",
    }
)
"""Fields of an asset that are dates: a day, a month or a year."""
TEXTS = frozenset(
    {
        "accounts",
        "asset_number",
        "asset_tag",
        "class",
        "cost_centre",
        "cpe",
        "criticality",
        "currency",
        "depreciation",
        "description",
        "downtime_cost_per_hour",
        "environment",
        "family",
        "firmware",
        "hardware",
        "health",
        "health_reason",
        "lifecycle",
        "location",
        "logging",
        "model",
        "name",
        "operating_system",
        "order_code",
        "owner",
        "path",
        "ports",
        "protocols",
        "purchase_order",
        "purchase_price",
        "purdue_level",
        "reachability",
        "replacement_cost",
        "residual_value",
        "responsible",
        "running_cost_per_year",
        "safety_impact",
        "serial",
        "site",
        "software",
        "state",
        "status",
        "supplier",
        "useful_life_months",
        "vendor",
        "zone",
    }
)
LISTS = frozenset({"keys", "sources", "tags", "upstream"})
ASSET_FIELDS = DATES | TEXTS | LISTS
"""What an expression may read of an asset."""
HAPPENINGS = frozenset(
    {"changed", "discovered", "merged", "missing", "replaced", "retired", "split"}
)
"""What the inventory says happened to an asset."""
GROUPS: Mapping[str, int] = {"site": 0, "zone": 0, "area": 3, "line": 4, "cell": 5}
"""What makes a group of alarms; of a level of the ISA-95 equipment path, its place there."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What the inventory says of one asset."""

    id: str
    site: str
    path: str
    asset_class: str
    facts: Mapping[str, object] = field(default_factory=dict)
    """What is said of it, by the names of its fields."""
    revision: int = 0
    """Grows with each version of it."""

    @property
    def names(self) -> list[str]:
        """The sources that describe it."""
        said = self.facts.get("sources")
        return said if isinstance(said, list) else []

    @property
    def called(self) -> str:
        """What a person calls it: its name, else its first source, else its id."""
        return self.text("name") or next(iter(self.names), self.id)

    def text(self, name: str) -> str:
        """A field of it as text; empty when it is not said."""
        return str(self.facts.get(name, ""))

    def bound(self, reads: frozenset[str], today: date) -> dict[str, object]:
        """What an expression is told: dates as days, so that they compare as texts do."""
        return {name: self._said(name.removeprefix("asset."), today) for name in reads}

    def _said(self, name: str, today: date) -> object:
        if name == "today":
            return today.isoformat()
        said = self.facts.get(name, [] if name in LISTS else "")
        if name in DATES and (day := last_day(str(said))) is not None:
            return day.isoformat()
        return said


def last_day(text: str) -> date | None:
    """The last day of a day, a month or a year (ISO 8601); None if it is none."""
    try:
        match text.split("-"):
            case [year]:
                return date(int(year), 12, 31)
            case [year, month]:
                _, days = monthrange(int(year), int(month))
                return date(int(year), int(month), days)
            case _:
                return date.fromisoformat(text)
    except (ValueError, OverflowError):
        return None


def group(by: str, site: str, zone: str, path: str) -> str:
    """The name of the group in which something stands; empty if it stands in none."""
    if by == "site":
        return site
    if by == "zone":
        return f"{site}/{zone}" if zone else ""
    names = path.split("/")
    depth = GROUPS[by]
    return "/".join(names[:depth]) if len(names) >= depth else ""
