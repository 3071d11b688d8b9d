"""The rules in force: those that are shipped, and those that people have stored over them."""

from collections.abc import Iterable
from dataclasses import dataclass

from isthmus.alerting.domain.rules.conditions import Behind, Count
from isthmus.alerting.domain.rules.index import Index, index
from isthmus.alerting.domain.rules.rule import ASSET_SIDE, Rule

NEVER_S = 1e9


@dataclass(frozen=True, slots=True)
class Stored:
    """What somebody has stored under the name of a rule."""

    version: int
    rule: Rule | None = None
    """None when it is switched off."""
    deleted: bool = False
    """It is as if nobody had ever stored it."""


class RuleBook:
    """The rules by name, and by the device class that they concern."""

    def __init__(self, shipped: Iterable[Rule] = ()) -> None:
        self._shipped = {rule.name: rule for rule in shipped}
        self._stored: dict[str, Stored] = {}
        self.by_name: dict[str, Rule] = {}
        self.generation = 0
        """Grows with each change of what is in force."""
        self._settle()

    def of(self, asset_class: str, *, part: bool = False) -> Index:
        """The rules on reports of devices of `asset_class`, or of parts of that class."""
        found = self._indices.get((asset_class, part))
        if found is None:
            found = index(self.by_name.values(), asset_class, part=part)
            self._indices[asset_class, part] = found
        return found

    def on_assets(self, asset_class: str) -> tuple[Rule, ...]:
        """The rules on assets of `asset_class`."""
        found = self._on_assets.get(asset_class)
        if found is None:
            rules = [r for r in self.by_name.values() if isinstance(r.watched, ASSET_SIDE)]
            found = tuple(rule for rule in rules if rule.concerns(asset_class))
            self._on_assets[asset_class] = found
        return found

    @property
    def counts(self) -> list[tuple[Rule, Count]]:
        """The rules on groups of alarms."""
        rules = self.by_name.values()
        return [(rule, rule.watched) for rule in rules if isinstance(rule.watched, Count)]

    def version(self, name: str) -> int:
        """The newest version that is known here of what was stored under `name`; 0 is none."""
        return self._stored[name].version if name in self._stored else 0

    def store(self, name: str, stored: Stored) -> None:
        """Take what was stored; an older version than the known one changes nothing."""
        if stored.version > self.version(name):
            self._stored[name] = stored
            self._settle()

    @property
    def shipped(self) -> dict[str, Rule]:
        """The rules that were there before anybody stored any."""
        return self._shipped

    def _settle(self) -> None:
        self.generation += 1
        stored = {name: each.rule for name, each in self._stored.items() if not each.deleted}
        ruled = {**self._shipped, **stored}
        self.by_name = {name: rule for name, rule in ruled.items() if rule is not None}
        watched = [rule.watched for rule in self.by_name.values()]
        self.behind_s = min((w.behind_s for w in watched if isinstance(w, Behind)), default=NEVER_S)
        """Reports that lie less behind than this are late for no rule."""
        self._indices: dict[tuple[str, bool], Index] = {}
        self._on_assets: dict[str, tuple[Rule, ...]] = {}
