"""Which requests cover the registers of one unit, with what the unit has refused so far."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from isthmus.collector.adapters.modbus.blocks import Block
from isthmus.collector.adapters.modbus.registers import BITS, Profile, Register
from isthmus.collector.adapters.modbus.wire import Refused

REGISTERS_MAX, BITS_MAX = 125, 2000
ILLEGAL_FUNCTION = 0x01
Part = Sequence[Register]


@dataclass(frozen=True, slots=True)
class Learned:
    """What a device has taught us about its map."""

    missing: frozenset[str] = frozenset()
    """Registers that it does not have; no request touches them."""
    starts: frozenset[tuple[str, int]] = frozenset()
    """Tables and addresses where a request must begin: one that went across was refused."""


class Layout:
    """The requests for a register map; compiled once for all devices of a type."""

    def __init__(self, profile: Profile, items_max: int | None, learned: Learned) -> None:
        self._profile = profile
        self._registers_max = min(profile.registers_max, items_max or REGISTERS_MAX)
        self._bits_max = items_max or BITS_MAX
        self._learned = learned
        self.too_wide = [r for r in profile.registers if r.words > self._registers_max]
        self._avoided = [(f.table, f.first, f.last) for f in profile.forbidden] + [
            (r.table, r.address, r.address + r.words - 1)
            for r in profile.registers
            if r.name in learned.missing
        ]
        wanted = [
            r
            for r in profile.registers
            if r.name not in learned.missing and r.words <= self._registers_max
        ]
        self.identity = self._joined(r for r in wanted if r.identity)
        """What is read once a connection."""
        self.all = self._joined(r for r in wanted if not r.identity)
        """What is read at a slot, with what is slow."""
        self.fast = self._joined(r for r in wanted if not r.identity and not r.slow)
        """What is read at every slot."""

    def _joined(self, registers: Iterable[Register]) -> Sequence[Block]:
        parts: list[list[Register]] = []
        for register in sorted(registers, key=lambda r: (r.table, r.address, r.words)):
            if not parts or not self._joins(parts[-1], register):
                parts.append([])
            parts[-1].append(register)
        return [Block(part) for part in parts]

    def _joins(self, part: Part, register: Register) -> bool:
        table, first = register.table, part[0].address
        end = max(r.address + r.words for r in part)
        last = max(end, register.address + register.words) - 1
        return (
            part[0].table == table
            and register.address - end <= self._profile.gap_max
            and last - first < (self._bits_max if table in BITS else self._registers_max)
            and (table, register.address) not in self._learned.starts
            and not any(table == t and a <= last and first <= b for t, a, b in self._avoided)
        )


def layout(profile: Profile, items_max: int | None) -> Layout:
    """The requests for a device of which nothing has been learned; one for all of its type."""
    known = profile.layouts.get(items_max)
    if not isinstance(known, Layout):
        known = profile.layouts[items_max] = Layout(profile, items_max, Learned())
    return known


@dataclass(slots=True)
class Plan:
    """The requests for one unit while one connection lasts.

    A block that is refused is asked in two halves from then on, one block in each read, so that
    within a few reads the register is found that the device does not have; it is not asked again.
    """

    profile: Profile
    items_max: int | None
    refused: dict[str, str] = field(default_factory=dict)
    """Why, by the name of each register that the device does not give."""
    learned: Learned = Learned()
    layout: Layout = field(init=False)

    def __post_init__(self) -> None:
        self.layout = layout(self.profile, self.items_max)
        for register in self.layout.too_wide:
            self.refused[register.name] = f"one request may not have {register.words} registers"

    def answered(self, block: Block) -> None:
        """The device has these registers."""
        for register in block.registers:
            self.refused.pop(register.name, None)

    def refuse(self, block: Block, refused: Refused, *, split: bool) -> Sequence[Block]:
        """Note a refusal; with `split`, gives the halves that are asked instead from now on."""
        names = [register.name for register in block.registers]
        self.refused.update(dict.fromkeys(names, refused.meaning))
        if refused.code == ILLEGAL_FUNCTION or len(names) == 1:
            # Cuts on the way to it have done their duty; what stands around it may join again.
            starts = frozenset(s for s in self.learned.starts if s[0] != block.table)
            self._learn(Learned(self.learned.missing | set(names), starts))
        elif split:
            lower, upper = halves(block.registers)
            start = (block.table, upper[0].address)
            self._learn(Learned(self.learned.missing, self.learned.starts | {start}))
            return Block(lower), Block(upper)
        return ()

    def _learn(self, learned: Learned) -> None:
        self.learned = learned
        self.layout = Layout(self.profile, self.items_max, learned)


def halves(registers: Part) -> tuple[Part, Part]:
    """The two sides of the widest gap; of several as wide, the one nearest to the middle."""
    ordered = sorted(registers, key=lambda r: (r.address, r.words))
    gaps = [b.address - (a.address + a.words) for a, b in pairwise(ordered)]
    middle = len(ordered) / 2
    at = max(range(1, len(ordered)), key=lambda n: (gaps[n - 1], -abs(n - middle)))
    return ordered[:at], ordered[at:]
