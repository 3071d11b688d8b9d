"""The words of a notice, for people."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from string import Formatter

from isthmus.alerting.domain.notices.notice import Event, Notice

HEADS = {
    "cleared": "Cleared",
    "reset": "Reset",
    "closed": "Closed",
    "acknowledged": "Acknowledged",
    "commented": "Comment",
    "shelved": "Shelved",
    "suppressed": "Suppressed",
    "out_of_service": "Out of service",
    "latched": "Condition over, waits for a reset",
    "level_changed": "Level changed",
    "reannunciated": "Still unacknowledged",
    "unshelved": "No longer shelved",
    "unsuppressed": "No longer suppressed",
}


def fields(notice: Notice) -> dict[str, str]:
    """What a template may name, as text."""
    said = {name: "" if value is None else str(value) for name, value in asdict(notice).items()}
    said["at"] = notice.at.isoformat()
    said["event"] = notice.event.value
    said["key"] = notice.key
    return said


FIELDS = tuple(sorted({*Notice.__dataclass_fields__, "key"} - {"test"}))
DETAILS = "details"
"""All lines of a notice, where a template may be long."""


def subject(notice: Notice) -> str:
    """One line: how urgent, where, what."""
    head = "" if notice.event is Event.ALERT else f"{HEADS.get(notice.kind, notice.kind)}: "
    test = "Test: " if notice.test else ""
    line = f"{test}[{notice.priority.upper()}] {head}{notice.subject}: {notice.message}"
    return " ".join(line.split())


def lines(notice: Notice, links: Mapping[str, str]) -> Iterator[str]:
    """What to know and what to do, a fact a line."""
    yield notice.message
    facts = (
        ("First", notice.first_action),
        ("May harm", notice.consequence),
        ("Safety", notice.safety_impact),
        ("Process", notice.process_impact),
        ("Where", " ".join(p for p in (notice.site, notice.path, notice.subject) if p)),
        ("Value", f"{notice.value} {notice.unit}".strip()),
        ("Since", notice.at.isoformat(timespec="seconds")),
        ("By", notice.by),
        ("Comment", notice.comment),
        ("Held back by", notice.suppressed),
        ("Rule", notice.rule),
        ("Runbook", notice.runbook),
        *((name.capitalize(), link) for name, link in linked(notice, links).items()),
    )
    yield from (f"{name}: {' '.join(text.split())}" for name, text in facts if text)


def linked(notice: Notice, links: Mapping[str, str]) -> dict[str, str]:
    """The links of a notice; one whose fields are empty is left out."""
    said = fields(notice)
    found = {}
    for name, template in links.items():
        if all(said[field] for field in named(template)):
            found[name] = template.format_map(said)
    return found


def named(template: str, *further: str) -> set[str]:
    """The fields that `template` names; raises ValueError with what is wrong in it."""
    found = set()
    try:
        for _, field, spec, conversion in Formatter().parse(template):
            if field is None:
                continue
            if field not in (*FIELDS, *further) or spec or conversion:
                known = ", ".join((*FIELDS, *further))
                raise ValueError(f"{{{field}}} is no field, expected one of {known}")
            found.add(field)
    except ValueError as error:
        raise ValueError(f"{template[:60]!r}: {error}") from error
    return found
