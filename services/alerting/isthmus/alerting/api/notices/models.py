"""What the HTTP interface says of deliveries and receivers."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from isthmus.alerting.domain.notices.delivery import (
    Answer,
    Attempt,
    Delivery,
    DeliveryState,
    Policy,
    Verdict,
)
from isthmus.alerting.domain.notices.notice import Event
from isthmus.alerting.domain.notices.standing import Standing
from isthmus.runtime.pages import Next

Seconds = Annotated[str, Field(description="Seconds, decimal.", examples=["0.0312"])]
STATUS = "Code that the receiver answered, of HTTP or SMTP; null when there was no answer."
EXCERPT = "Beginning of the answer, or why there was none; without any secret."


class AttemptItem(BaseModel):
    """One try to tell a receiver."""

    at: datetime = Field(description="When it began.")
    verdict: Verdict = Field(description="What it came to.", examples=["sent"])
    status: int | None = Field(description=STATUS, examples=[503])
    duration_s: Seconds
    excerpt: str = Field(description=EXCERPT, examples=["upstream is being restarted"])
    together: int = Field(description="Deliveries in the same message.", examples=[1])

    @classmethod
    def of(cls, attempt: Attempt) -> Self:
        """What the API says of `attempt`."""
        return cls(
            at=attempt.at,
            verdict=attempt.verdict,
            status=attempt.status,
            duration_s=_decimal(attempt.duration_s),
            excerpt=attempt.excerpt,
            together=attempt.together,
        )


class DeliveryItem(BaseModel):
    """One notice for one receiver."""

    id: str = Field(
        description="`alarm_id:seq:receiver`, and the step of an escalation.",
        examples=["5f0c1f2e-7f3b-5d1c-9a55-1f0f9c2f6f11:3:control-room"],
    )
    receiver: str = Field(description="Name of the receiver.", examples=["control-room"])
    state: DeliveryState = Field(description="What became of it.")
    event: Event = Field(description="What the receiver is told.")
    alarm_id: str = Field(description="The alarm.")
    seq: int = Field(description="The step of the alarm.", examples=[3])
    kind: str = Field(description="Kind of the step.", examples=["raised"])
    site: str = Field(description="Site of the alarm.", examples=["hagen"])
    subject: str = Field(description="What the alarm is about.", examples=["hagen/press-plc-1"])
    priority: str = Field(description="Priority of the alarm.", examples=["high"])
    message: str = Field(
        description="What is wrong.", examples=["Temperature is 85 Cel, above 80 Cel."]
    )
    step: int = Field(description="Step of the escalation; 0 for who is told at once.")
    queued_at: datetime = Field(description="When it was decided.")
    due_at: datetime = Field(description="When it is, or was last, due.")
    tries: int = Field(description="Failed tries that count towards giving it up.")
    attempts: list[AttemptItem] = Field(description="The last attempts, oldest first.")

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        """What the API says of `delivery`."""
        notice = delivery.notice
        return cls(
            id=delivery.id,
            receiver=delivery.receiver,
            state=delivery.state,
            event=notice.event,
            alarm_id=notice.alarm_id,
            seq=notice.seq,
            kind=notice.kind,
            site=notice.site,
            subject=notice.subject,
            priority=notice.priority,
            message=notice.message,
            step=delivery.step,
            queued_at=delivery.queued_at,
            due_at=delivery.due_at,
            tries=delivery.tries,
            attempts=[AttemptItem.of(each) for each in delivery.attempts],
        )


class DeliveryPage(BaseModel):
    """Some deliveries, the latest first."""

    items: list[DeliveryItem]
    next: Next


class ReceiverItem(BaseModel):
    """Somebody, or something, that is told, and how it stands."""

    name: str = Field(description="Its name in the routing file.", examples=["control-room"])
    kind: str = Field(description="How it is told.", examples=["webhook"])
    events: list[Event] = Field(description="What it hears of.")
    at: datetime | None = Field(description="When the rest was said; null before it ever was.")
    waiting: int = Field(description="Deliveries that were due.", examples=[0])
    oldest_at: datetime | None = Field(description="Since when the oldest of them was due.")
    spared_until: datetime | None = Field(
        description="It failed so often that it is left alone until then; null while it is told."
    )
    reason: str = Field(description="Why it failed last.", examples=["503 being restarted"])

    @classmethod
    def of(cls, policy: Policy, standing: Standing | None) -> Self:
        """What the API says of a receiver."""
        return cls(
            name=policy.name,
            kind=policy.kind,
            events=sorted(policy.events),
            at=standing.at if standing else None,
            waiting=standing.waiting if standing else 0,
            oldest_at=standing.oldest_at if standing else None,
            spared_until=standing.spared_until if standing else None,
            reason=standing.reason if standing else "",
        )


class ReceiverList(BaseModel):
    """The receivers of the routing file."""

    items: list[ReceiverItem]


class Trial(BaseModel):
    """What a receiver is told to try it."""

    model_config = ConfigDict(extra="forbid")

    message: str = Field(
        default="This is a test. Nothing is wrong.",
        min_length=1,
        max_length=500,
        description="The sentence that it is told.",
        examples=["This is a test of the night shift's phone."],
    )


class ReceiverTrialOut(BaseModel):
    """How a receiver took the test."""

    verdict: Verdict = Field(description="What it came to.", examples=["sent"])
    status: int | None = Field(description=STATUS, examples=[200])
    duration_s: Seconds
    excerpt: str = Field(description=EXCERPT)

    @classmethod
    def of(cls, answer: Answer, duration_s: float) -> Self:
        """What the API says of `answer`."""
        return cls(
            verdict=answer.verdict,
            status=answer.status,
            duration_s=_decimal(duration_s),
            excerpt=answer.excerpt,
        )


def _decimal(value: float) -> str:
    return f"{value:.4f}"
