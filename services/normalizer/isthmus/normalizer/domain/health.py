"""Health in the words of NAMUR NE 107, from whatever word or number a device has for it."""

from collections.abc import Iterable
from dataclasses import dataclass

from isthmus.normalizer.domain import canonical
from isthmus.normalizer.domain.catalog import HealthRule, base
from isthmus.normalizer.domain.report import Health

HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Watch:
    """One fact or point of one device that a health rule reads."""

    name: str
    at: int
    rule: HealthRule


@dataclass(frozen=True, slots=True)
class HealthPlan:
    """Which columns of one device say how it is."""

    texts: tuple[Watch, ...]
    numbers: tuple[Watch, ...]

    def judge(self, texts: tuple[str, ...], values: tuple[float, ...]) -> tuple[Health, str]:
        """The worst that the device says, and the original words that say so."""
        return self.judge_numbers(values, *self.judge_texts(texts))

    def judge_texts(self, texts: tuple[str, ...]) -> tuple[Health, str]:
        """The worst that its texts say."""
        worst, reason = Health.UNKNOWN, ""
        for watch in self.texts:
            text = texts[watch.at]
            health = judge_text(watch.rule, text)
            if health > worst:
                worst, reason = health, f"{watch.name}={canonical.text(text)}"
        return worst, reason

    def judge_numbers(
        self, values: tuple[float, ...], worst: Health, reason: str
    ) -> tuple[Health, str]:
        """The worst that its numbers say, unless its texts say worse."""
        for watch in self.numbers:
            health = judge_number(watch.rule, values[watch.at])
            if health > worst:
                worst, reason = health, f"{watch.name}={values[watch.at]:g}"
        return worst, reason


def plan(
    rules: Iterable[HealthRule],
    protocol: str,
    vendor: str,
    facts: tuple[str, ...],
    points: tuple[str, ...],
) -> HealthPlan:
    """The columns of a device that rules can read; a rule for its vendor beats a general one."""
    fitting = sorted(
        (r for r in rules if r.protocol in ("", protocol) and r.vendor in ("", vendor)),
        key=lambda rule: bool(rule.vendor),
    )
    by_name = {rule.name: rule for rule in fitting}
    return HealthPlan(_watches(by_name, facts), _watches(by_name, points))


def judge_text(rule: HealthRule, text: str) -> Health:
    """What a text means: as a word, or as octets written in hexadecimal digits."""
    if not rule.octets:
        return rule.values.get(text) or rule.values.get(canonical.folded(text), rule.otherwise)
    digits = "".join(text.split())
    if not digits or set(digits.lower()) - HEX:
        return Health.UNKNOWN
    word, length = int(digits[:16], 16), len(digits[:16]) * 4
    return _worst(rule, {b: h for b, h in rule.octets.items() if word << b & 1 << length - 1})


def judge_number(rule: HealthRule, value: float) -> Health:
    """What a number means: as a state, or as a word of bits (bit 0 is the least)."""
    if not value.is_integer():  # NaN and infinity as well
        return Health.UNKNOWN
    if rule.bits:
        return _worst(rule, {b: h for b, h in rule.bits.items() if int(value) >> b & 1})
    return rule.values.get(str(int(value)), rule.otherwise)


def _worst(rule: HealthRule, set_bits: dict[int, Health]) -> Health:
    return max(set_bits.values(), default=rule.otherwise)


def _watches(rules: dict[str, HealthRule], names: tuple[str, ...]) -> tuple[Watch, ...]:
    found = ((name, at, rules.get(base(name))) for at, name in enumerate(names))
    return tuple(Watch(name, at, rule) for name, at, rule in found if rule)
