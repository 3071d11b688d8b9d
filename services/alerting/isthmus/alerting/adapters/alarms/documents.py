"""Alarms and transitions as documents, and back."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import timedelta
from sys import intern
from typing import Any

from isthmus.alerting.domain.alarms.alarm import (
    Alarm,
    Condition,
    Quality,
    State,
    Suppression,
    SuppressionKind,
)
from isthmus.alerting.domain.alarms.transition import Kind, Transition

ALARM = [field.name for field in fields(Alarm) if field.name != "id"]
PROJECTION = dict.fromkeys(ALARM, 1)
KEPT = ("rule", "subject", "seq", "revision")
"""What is kept of an alarm that is forgotten."""
SHARED = (
    "rule", "site", "priority", "first_action", "watches", "stream", "consequence", "runbook",
    "asset_class", "criticality", "safety_impact", "level", "unit",
)  # fmt: skip
"""Texts that many alarms have in common, and need in memory only once."""


def document(alarm: Alarm) -> dict[str, Any]:
    """What is stored of `alarm`, besides its id; `state`, `open` and `rested_at` are sought."""
    made = {name: getattr(alarm, name) for name in ALARM}
    made["condition"] = alarm.condition.value
    made["quality"] = alarm.quality.value
    left = alarm.remaining
    made["remaining"] = None if left is None else left // timedelta(milliseconds=1)
    made["suppressed_by"] = [_suppressed(each) for each in alarm.suppressed_by]
    return made | {
        "state": alarm.state.value,
        "open": alarm.open,
        "held": bool(alarm.suppressed_by),
        "rested_at": alarm.rested_at,
    }


def forgotten(alarm: Alarm) -> dict[str, Any]:
    """What is stored of `alarm` when it is forgotten."""
    return {name: getattr(alarm, name) for name in KEPT}


def alarm(document: Mapping[str, Any]) -> Alarm:
    """The alarm of a document, perhaps of another version: absent fields take their defaults."""
    known = {name: document[name] for name in ALARM if name in document}
    known |= {name: intern(known[name]) for name in SHARED if name in known}
    known["condition"] = Condition(known.get("condition", Condition.NORMAL))
    known["quality"] = Quality(known.get("quality", Quality.GOOD))
    if (left := known.get("remaining")) is not None:
        known["remaining"] = timedelta(milliseconds=left)
    known["suppressed_by"] = tuple(_suppression(each) for each in known.get("suppressed_by", ()))
    return Alarm(id=document["_id"], **{**BLANK, **known})


def step(transition: Transition) -> dict[str, Any]:
    """What is stored of `transition`."""
    kind, state = transition.kind.value, transition.state.value
    return asdict(transition) | {
        "kind": kind,
        "state": state,
        "suppressed": list(transition.suppressed),
    }


def transition(document: Mapping[str, Any]) -> Transition:
    """The transition of a document."""
    known = {name: document[name] for name in TRANSITION if name in document}
    known["kind"], known["state"] = Kind(known["kind"]), State(known["state"])
    known["suppressed"] = tuple(known.get("suppressed", ()))
    return Transition(**known)


def _suppressed(held: Suppression) -> dict[str, Any]:
    return asdict(held) | {"kind": held.kind.value}


def _suppression(document: Mapping[str, Any]) -> Suppression:
    return Suppression(**{**document, "kind": SuppressionKind(document["kind"])})


TRANSITION = [field.name for field in fields(Transition)]
BLANK: Mapping[str, Any] = {
    "rule": "", "subject": "", "site": "", "path": "", "priority": "", "first_action": "",
    "watches": "", "partition": -1,
}  # fmt: skip
"""What an alarm that was forgotten says of itself, until it is raised again."""
