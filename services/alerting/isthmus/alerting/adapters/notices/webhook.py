"""A webhook, signed as Standard Webhooks says (standardwebhooks.com, version 1.0.0)."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from isthmus.alerting.adapters.notices.outbound import Outbound, Reach, Url, failed, judged
from isthmus.alerting.adapters.notices.secrets import Secret
from isthmus.alerting.domain.notices import wording
from isthmus.alerting.domain.notices.delivery import Answer
from isthmus.alerting.domain.notices.notice import Event, Notice
from isthmus.runtime.errors import Retryable, Unauthorized

KEY_BYTES_MIN = 24  # Standard Webhooks, "Signature scheme": between 24 and 64 bytes
PREFIX = "whsec_"


class WebhookPart(Reach):
    """A URL that takes events as JSON."""

    url: Url | None = None
    """Where to post."""
    url_secret: Secret | None = None
    """The same, where whoever knows the URL may post to it: it is then never shown."""
    signed_by: list[Secret] = Field(min_length=1)
    """Keys that sign each message, at least 24 characters, or `whsec_` and base64; two while one
    takes the place of the other."""
    events: list[Event] = Field(default=list(Event))
    """What it hears of."""
    batch_max: int = Field(default=100, ge=1, le=1000)
    """Most events in one message, when there is more to say than the limit allows messages."""

    @model_validator(mode="after")
    def _one_url(self) -> Self:
        if (self.url is None) == (self.url_secret is None):
            raise ValueError("expected one of url, url_secret")
        return self

    @field_validator("signed_by")
    @classmethod
    def _long_enough(cls, secrets: list[Secret]) -> list[Secret]:
        for secret in secrets:
            if len(_key(secret.read())) < KEY_BYTES_MIN:
                raise ValueError(f"a key is too short, expected {KEY_BYTES_MIN} bytes or more")
        return secrets


class Webhook:
    """Posts notices to one URL."""

    def __init__(self, part: WebhookPart, links: Mapping[str, str]) -> None:
        self._part = part
        self._links = links
        self._http = Outbound(part)

    async def send(self, notices: Sequence[Notice], now: datetime) -> Answer:
        """See Receiver."""
        secrets: list[str] = []
        try:
            keys = [each.read() for each in self._part.signed_by]
            secrets += [*keys, *self._part.secrets()]
            url = self._part.url or ""
            if self._part.url_secret:
                url = self._part.url_secret.read()
                secrets += [url, url.partition("://")[2].partition("/")[2]]
            body = self.body(notices)
            headers = signature(message_id(notices), now, body, keys)
            return judged(await self._http.request("POST", url, body, headers), secrets)
        except (Retryable, Unauthorized) as error:
            return failed(error, secrets)

    async def close(self) -> None:
        """See Receiver."""
        await self._http.close()

    def body(self, notices: Sequence[Notice]) -> bytes:
        """What is posted: `events`, mostly one."""
        said = {"version": 1, "events": [event(each, self._links) for each in notices]}
        return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def event(notice: Notice, links: Mapping[str, str]) -> dict[str, Any]:
    """One event; `id` stays the same when it is sent again."""
    said = wording.fields(notice)
    alarm = {name: said[name] for name in ALARM if said[name]}
    return {
        "id": notice.key,
        "event": notice.event.value,
        "kind": notice.kind,
        "at": said["at"],
        "by": notice.by,
        "comment": notice.comment,
        "suppressed": notice.suppressed,
        "test": notice.test,
        "subject": wording.subject(notice),
        "alarm": {"id": notice.alarm_id, "seq": notice.seq, **alarm},
        "links": wording.linked(notice, links),
        "resolved": notice.event is Event.END,
    }


ALARM = (
    "rule", "subject", "site", "path", "state", "priority", "level", "message", "value", "unit",
    "asset_id", "asset_class", "first_action", "consequence", "criticality", "safety_impact",
    "process_impact", "runbook", "raised_at",
)  # fmt: skip


def message_id(notices: Sequence[Notice]) -> str:
    """`alarm_id:seq`; of several notices the same as long as they are the same ones."""
    if len(notices) == 1:
        return notices[0].key
    keys = " ".join(each.key for each in notices)
    return f"digest:{hashlib.sha256(keys.encode()).hexdigest()[:32]}"


def signature(id: str, at: datetime, body: bytes, keys: Sequence[str]) -> dict[str, str]:
    """The headers that prove who sent `body`, and when."""
    stamp = str(int(at.timestamp()))
    signed = f"{id}.{stamp}.".encode() + body
    digests = [hmac.digest(_key(key), signed, "sha256") for key in keys]
    return {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(d).decode()}" for d in digests),
    }


def _key(secret: str) -> bytes:
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(f"a key begins with {PREFIX}, expected base64 behind it") from None
