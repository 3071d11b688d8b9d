"""Targets: which endpoint a collector shall read, and what a row that names one must say."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from isthmus.inventory.domain.polling import endpoints
from isthmus.inventory.domain.polling.envelope import Envelope, envelope
from isthmus.inventory.domain.rows import (
    USERINFO,
    Invalid,
    expected,
    fields,
    is_text,
    name,
    number,
    path,
)

FIELDS = ("site", "target", "path", "interval_s", "profile", "endpoint", "envelope")
DAY_S = 86_400
FIELD = re.compile(r"[a-z][a-z0-9_]*")
WHOLE_MAX = 2**53  # as a double, which is what a Struct has, it is still exact
SECRETS = ("community", "passphrase", "password", "auth_key", "priv_key", "token", "secret")
"""Words in a field of an endpoint that would carry a secret onto a topic."""


@dataclass(frozen=True, slots=True)
class Target:
    """One endpoint of a site, how to read it, how often, and how gently."""

    site: str
    target: str
    path: str
    interval_s: float
    profile: str
    endpoint: Mapping[str, Any]
    envelope: Envelope = field(default_factory=dict)

    @property
    def id(self) -> str:
        """`site/target`, the key of its topic."""
        return f"{self.site}/{self.target}"

    @property
    def place(self) -> str:
        """`site|host:port`, which no other target may have; its id when it has no address."""
        address = endpoints.address(self.endpoint)
        return f"{self.site}|{address}" if address else self.id


def target(row: object, site: str | None = None) -> Target:
    """The target that `row` describes, on `site` unless it names one; raises Invalid."""
    said = fields("row", row, FIELDS)
    return Target(
        site=name("site", said.get("site", site)),
        target=name("target", said.get("target")),
        path=path("path", said.get("path")),
        interval_s=number("interval_s", said.get("interval_s"), "seconds", above=0, most=DAY_S),
        profile=name("profile", said.get("profile")),
        endpoint=_endpoint(said.get("endpoint")),
        envelope=envelope(said.get("envelope")),
    )


def _endpoint(value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise Invalid("endpoint", expected(value, "a mapping with a protocol word"))
    name("endpoint.protocol", value.get("protocol"))
    for key, part in value.items():
        if not isinstance(key, str) or not FIELD.fullmatch(key):
            raise Invalid("endpoint", expected(key, "fields of letters a-z, digits and _"))
        if any(word in key for word in SECRETS):
            raise Invalid(f"endpoint.{key}", "is a secret; name a credential instead")
        _plain(f"endpoint.{key}", part)
    return dict(value)


def _plain(field: str, value: object) -> None:
    """Raise Invalid unless the store and the topic can hold `value`, and everybody may read it."""
    if isinstance(value, list):
        for part in value:
            _plain(field, part)
    elif is_text(value):
        if USERINFO.search(value):
            raise Invalid(field, "has a user or a password in it; name a credential instead")
    elif not isinstance(value, int | float) or not abs(value) <= WHOLE_MAX:
        raise Invalid(field, expected(value, "a text, a number, true or false, or a list"))
