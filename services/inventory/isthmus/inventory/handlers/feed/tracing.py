"""Follows one observation over its topics to the asset, by what stands there anyway."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.message import DecodeError

from isthmus.inventory.domain.feed.tracing import (
    Looked,
    Question,
    Stage,
    Step,
    Trace,
    Traced,
    overall,
    report_id,
)
from isthmus.inventory.handlers.assets.curation import Unknown
from isthmus.inventory.ports.assets import Event
from isthmus.inventory.ports.feed import Causes, Letter, Trail
from isthmus.runtime.codec import from_timestamp
from isthmus.telemetry.v1 import observation_pb2 as pb

OBSERVATIONS = "collector.observations.v1"
IMPORTS = "inventory.imports.v1"
REPORTS = "normalizer.reports.v1"
SKEW = timedelta(seconds=5)  # clocks of brokers and services differ
EPOCH = datetime.fromtimestamp(0, UTC)
KEPT_MAX = 1_000  # letters in memory; of more the latest count
SAID_BY_ITSELF = Step(
    Stage.SILENT, "the device said it by itself: that is no picture of it, and makes no report"
)
LOST = Step(Stage.LOST, "the normaliser has read it, and no report was found")
OUTCOMES = {number: name.removeprefix("OUTCOME_").lower() for name, number in pb.Outcome.items()}
Sites = frozenset[str] | None
Place = tuple[str, int, int]
Wants = Callable[[Letter], bool]
Enough = Callable[[Sequence[Letter]], bool]


@dataclass(frozen=True, slots=True)
class _Found:
    """The observation, and where it stands."""

    letter: Letter
    message: pb.Observation

    @property
    def reports(self) -> Mapping[str, str]:
        """The device of each report that must come of it; parts may come besides."""
        devices = [each.path for each in self.message.devices] or [""]
        try:
            return {report_id(self.message.id, device): device for device in devices}
        except ValueError:
            return {self.message.id: ""}  # no UUID: it will be rejected


@dataclass(frozen=True, slots=True)
class _Fate:
    """What the inventory has made of some reports."""

    behind: Mapping[Place, int]
    assets: Mapping[str, str]
    """By source."""
    events: Sequence[Event]
    dead: Mapping[Place, str]

    def of(self, letter: Letter) -> Traced:
        """What became of one."""
        id, asset = _ce_id(letter), self.assets.get(letter.key, "")
        caused = [event for event in self.events if event.cause == id]
        if caused:
            return _changed(id, letter.key, caused)
        return Traced(id, letter.key, self._step(_place(letter)), asset)

    def _step(self, place: Place) -> Step:
        if self.behind[place]:
            return _waiting("inventory", self.behind[place])
        if place in self.dead:
            return _rejected("inventory", self.dead[place])
        said = "it says what its source had said before, or is older than what was known then"
        return Step(Stage.UNCHANGED, said)


class Tracing:
    """Answers what became of an observation; nothing is kept for it."""

    def __init__(self, trail: Trail, causes: Causes) -> None:
        self._trail = trail
        self._causes = causes

    async def trace(self, question: Question, sites: Sites) -> Trace:
        """How far it has come; raises Unknown when it is not where was looked, or not visible."""
        looked: list[Looked] = []
        found = await self._observation(question, looked)
        if found is None:
            return await self._remembered(question, sites, looked)
        if sites is not None and found.message.site not in sites:
            raise _unknown(question, looked)
        step, reports = await self._became(found, looked)
        return replace(_trace(found, step), reports=reports, looked=looked)

    async def _observation(self, question: Question, looked: list[Looked]) -> _Found | None:
        for topic in _topics(question.source):
            where = Looked(topic, question.since, question.until)
            looked.append(where)
            wants = _with_id(question.id) if question.id else _with_slot(question)
            enough = bool if question.id else _never
            if letters := await self._found(where, question.endpoint, wants, enough):
                return max(map(_observation, letters), key=lambda each: _slot_at(each.message))
        return None

    async def _remembered(
        self, question: Question, sites: Sites, looked: Sequence[Looked]
    ) -> Trace:
        """What the history knows of an observation that its topic does not have there any more."""
        events: Sequence[Event] = ()
        if question.id:
            report = report_id(question.id, "")
            events = await self._causes.caused([report], [], question.since)
        seen = [each for each in events if sites is None or each.site in sites]
        if not seen:
            raise _unknown(question, looked)
        made = [_changed(each.cause, each.source, [each]) for each in seen]
        return Trace(question.id, overall(made), seen[0].source, reports=made, looked=looked)

    async def _became(self, found: _Found, looked: list[Looked]) -> tuple[Step, Sequence[Traced]]:
        letter = found.letter
        if found.message.trigger == pb.TRIGGER_NOTIFICATION:
            return SAID_BY_ITSELF, ()
        [behind] = await self._trail.behind("normalizer", [letter])
        if behind:
            return _waiting("normaliser", behind), ()
        letters = await self._reports(found, looked)
        if letters:
            fate = await self._fate(letters, looked)
            reports = [fate.of(each) for each in letters]
            return overall(reports), reports
        dead = await self._dead("normalizer", [letter], looked)
        if _place(letter) in dead:
            return _rejected("normaliser", dead[_place(letter)]), ()
        return LOST, ()

    async def _reports(self, found: _Found, looked: list[Looked]) -> list[Letter]:
        where = Looked(REPORTS, found.letter.at - SKEW, None)
        looked.append(where)
        expected = found.reports
        trace = found.message.id.replace("-", "").encode()
        [device, *more] = expected.values()
        key = "" if more else f"{found.letter.key}/{device}".rstrip("/")

        def of_it(letter: Letter) -> bool:
            return _trace_id(letter) == trace or _ce_id(letter) in expected

        def whole(letters: Sequence[Letter]) -> bool:
            return expected.keys() <= set(map(_ce_id, letters))

        return await self._found(where, key, of_it, whole)

    async def _fate(self, letters: Sequence[Letter], looked: list[Looked]) -> _Fate:
        places = [_place(each) for each in letters]
        behind = dict(zip(places, await self._trail.behind("inventory", letters), strict=True))
        assets = await self._causes.holders([each.key for each in letters])
        since = min(each.at for each in letters) - SKEW
        ids = [_ce_id(each) for each in letters]
        events = await self._causes.caused(ids, set(assets.values()), since)
        told = {event.cause for event in events}
        quiet = [e for e in letters if _ce_id(e) not in told and not behind[_place(e)]]
        dead = await self._dead("inventory", quiet, looked) if quiet else {}
        return _Fate(behind, assets, events, dead)

    async def _dead(
        self, service: str, letters: Sequence[Letter], looked: list[Looked]
    ) -> Mapping[Place, str]:
        """Why a service could not take some of these."""
        where = Looked(f"{service}.dlq", min(each.at for each in letters) - SKEW, None)
        looked.append(where)
        wanted = {_place(each) for each in letters}
        key = letters[0].key if len(letters) == 1 else ""
        found = await self._found(where, key, lambda each: _origin(each) in wanted, _never)
        return {_origin(each): _text(each, "dlq-reason") for each in found}

    async def _found(self, looked: Looked, key: str, wants: Wants, enough: Enough) -> list[Letter]:
        found: list[Letter] = []
        async with aclosing(self._trail.letters(looked, key)) as some:
            async for letters in some:
                found = [*found, *filter(wants, letters)][-KEPT_MAX:]
                if enough(found):
                    break
        return found


def _topics(source: str) -> Sequence[str]:
    """Where its observations stand: a row of a table has the name of its system, `sap:4711`."""
    if not source:
        return OBSERVATIONS, IMPORTS
    return (IMPORTS,) if ":" in source.split("/")[1] else (OBSERVATIONS,)


def _with_id(id: str) -> Wants:
    encoded = id.encode()
    return lambda letter: letter.headers.get("ce_id") == encoded


def _with_slot(question: Question) -> Wants:
    def wants(letter: Letter) -> bool:
        if letter.key != question.endpoint:
            return False
        message = _observation(letter).message
        is_read = message.trigger != pb.TRIGGER_NOTIFICATION
        return is_read and (question.at is None or _slot_at(message) <= question.at)

    return wants


def _observation(letter: Letter) -> _Found:
    try:
        return _Found(letter, pb.Observation.FromString(letter.value))
    except DecodeError:
        site, _, target = letter.key.partition("/")
        return _Found(letter, pb.Observation(id=_ce_id(letter), site=site, target=target))


def _slot_at(message: pb.Observation) -> datetime:
    return _time(message, "slot_at") or EPOCH


def _time(message: pb.Observation, field: Any) -> datetime | None:
    try:
        return from_timestamp(getattr(message, field)) if message.HasField(field) else None
    except (ValueError, OverflowError, OSError):
        return None  # no time of any calendar


def _trace(found: _Found, step: Step) -> Trace:
    message = found.message
    return Trace(
        id=message.id,
        step=step,
        source=found.letter.key,
        slot_at=_time(message, "slot_at"),
        observed_at=_time(message, "observed_at"),
        collector=message.collector,
        outcome=OUTCOMES.get(message.outcome, ""),
        error=message.error,
    )


def _changed(report: str, source: str, events: Sequence[Event]) -> Traced:
    changes = [change for event in events for change in event.changes]
    shown = ", ".join(sorted({each["field"] or each["kind"] for each in changes}))
    step = Step(Stage.CHANGED, f"it changed {shown or 'the keys'} of its asset")
    return Traced(report, source, step, events[0].asset_id, changes)


def _waiting(service: str, behind: int) -> Step:
    return Step(Stage.WAITING, f"the {service} has not read it yet: {behind:,} to go")


def _rejected(service: str, reason: str) -> Step:
    return Step(Stage.REJECTED, f"the {service} could not take it: {reason}")


def _unknown(question: Question, looked: Sequence[Looked]) -> Unknown:
    records, topics = sum(each.records for each in looked), [each.topic for each in looked]
    where = f"{records:,} records of {' and '.join(topics)}"
    when = f"{question.since:%Y-%m-%d %H:%M:%S} to {question.until:%Y-%m-%d %H:%M:%S} UTC"
    cut = "" if all(each.whole for each in looked) else ", which are not all"
    return Unknown(f"there is no {question.shown} among {where} from {when}{cut}")


def _place(letter: Letter) -> Place:
    return letter.topic, letter.partition, letter.offset


def _origin(letter: Letter) -> Place:
    """Where a dead letter came from."""
    numbers = (_text(letter, f"dlq-{name}") for name in ("partition", "offset"))
    partition, offset = (int(number) if number.isdigit() else -1 for number in numbers)
    return _text(letter, "dlq-topic"), partition, offset


def _ce_id(letter: Letter) -> str:
    return _text(letter, "ce_id")


def _trace_id(letter: Letter) -> bytes:
    """Of a report the id of its observation (W3C trace context: version, trace, …)."""
    return letter.headers.get("traceparent", b"--").split(b"-")[1]


def _text(letter: Letter, header: str) -> str:
    return letter.headers.get(header, b"").decode(errors="replace")


def _never(_: Sequence[Letter]) -> bool:
    return False
