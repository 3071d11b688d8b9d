"""Targets: which endpoint a collector shall read, and what a row that names one must say."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
FIELDS = ("site", "target", "path", "interval_s", "profile", "endpoint")
DAY_S = 86_400
SECRETS = ("community", "password", "auth_key", "priv_key", "token", "secret")
"""Fields of an endpoint that would carry a secret onto a topic."""


class InvalidTarget(ValueError):
    """A row that is no target; names the field, its value and what was expected."""

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        self.reason = reason
        super().__init__(f"{field}: {reason}")


@dataclass(frozen=True, slots=True)
class Target:
    """One endpoint of a site, how to read it and how often."""

    site: str
    target: str
    path: str
    interval_s: float
    profile: str
    endpoint: Mapping[str, Any]

    @property
    def id(self) -> str:
        """`site/target`, the key of its topic."""
        return f"{self.site}/{self.target}"


def target(row: object, site: str | None = None) -> Target:
    """The target that `row` describes, on `site` unless it names one; raises InvalidTarget."""
    if not isinstance(row, Mapping):
        raise InvalidTarget("row", _expected(row, f"a mapping of {', '.join(FIELDS)}"))
    for name in row:
        if name not in FIELDS:
            raise InvalidTarget(str(name), f"unknown field, expected one of {', '.join(FIELDS)}")
    return Target(
        site=_name("site", row.get("site", site)),
        target=_name("target", row.get("target")),
        path=_path(row.get("path")),
        interval_s=_interval(row.get("interval_s")),
        profile=_name("profile", row.get("profile")),
        endpoint=_endpoint(row.get("endpoint")),
    )


def _name(field: str, value: object) -> str:
    if isinstance(value, str) and NAME.fullmatch(value):
        return value
    raise InvalidTarget(field, _expected(value, "letters a-z, digits and hyphens"))


def _path(value: object) -> str:
    if isinstance(value, str) and all(value.split("/")):
        return value
    raise InvalidTarget("path", _expected(value, "enterprise/site/area/line/cell, as far as known"))


def _interval(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= DAY_S:
        return float(value)
    raise InvalidTarget("interval_s", _expected(value, f"seconds, above 0 and at most {DAY_S}"))


def _endpoint(value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidTarget("endpoint", _expected(value, "a mapping with a protocol word"))
    _name("endpoint.protocol", value.get("protocol"))
    for name, part in value.items():
        if name in SECRETS:
            raise InvalidTarget(f"endpoint.{name}", "is a secret; name a credential instead")
        _plain(f"endpoint.{name}", part)
    return dict(value)


def _plain(field: str, value: object) -> None:
    if isinstance(value, list):
        for part in value:
            _plain(field, part)
    elif not isinstance(value, str | int | float) or value != value:
        raise InvalidTarget(field, _expected(value, "a text, a number, true or false, or a list"))


def _expected(value: object, expected: str) -> str:
    return f"missing, expected {expected}" if value is None else f"{value!r}, expected {expected}"
