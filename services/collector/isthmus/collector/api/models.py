"""What the API says, as readers see it in its documentation."""

from dataclasses import fields
from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, Field

from isthmus.collector.domain.circuit import CircuitState
from isthmus.collector.domain.status import Limit, Status
from isthmus.collector.domain.touches import PollState


class LimitOut(BaseModel):
    """One limit that holds for a target."""

    limit: str = Field(description="Name of the limit, with its unit.", examples=["gap_s"])
    value: Any = Field(description="The strictest value that any level says.", examples=[0.15])
    level: str = Field(
        description="The level that says it: `profile` (with the protocol's defaults), `target`, "
        "`zone <path>`, `site`, or `default` where nobody says anything.",
        examples=["zone nordwerk/hagen/press-shop"],
    )

    @classmethod
    def of(cls, limit: Limit) -> Self:
        """What the API says of `limit`."""
        return cls(limit=limit.name, value=limit.value, level=limit.level)


class StateOut(BaseModel):
    """Whether one target is polled, and if not, what holds it."""

    site: str = Field(description="Site of the target.", examples=["hagen"])
    target: str = Field(description="Name, unique within the site.", examples=["press-plc-1"])
    path: str = Field(
        description="ISA-95 equipment path; zones hold for what stands below theirs.",
        examples=["nordwerk/hagen/press-shop/line-1/press-1"],
    )
    protocol: str = Field(description="Protocol word.", examples=["modbus"])
    address: str = Field(description="`host:port` that is asked.", examples=["10.1.2.3:502"])
    state: PollState = Field(description="`polling`, or what holds it.")
    reason: str = Field(
        description="Why it is not polled, for a person; empty while it is.",
        examples=["site: maintenance until Friday"],
    )

    @classmethod
    def of(cls, status: Status) -> Self:
        """What the API says of `status`."""
        return cls(**{name: getattr(status, name) for name in cls.model_fields})


class StatePage(BaseModel):
    """Some targets that this collector polls, by name."""

    items: list[StateOut]
    next: str | None = Field(
        description="Give it as `cursor` to get the next page; null on the last."
    )


class EnvelopeOut(StateOut):
    """What holds for one target, and why."""

    profile: str = Field(description="Device profile.", examples=["schneider-m340"])
    interval_s: float = Field(description="Seconds from one slot to the next.", examples=[2])
    next_slot_at: datetime = Field(description="When it is read next, if nothing holds it then.")
    circuit: CircuitState = Field(
        description="`closed`: asked at every slot; `open`: it failed three times in a row and "
        "rests; `half_open`: its rest is over, one read decides."
    )
    failures: int = Field(description="Reads that failed in a row.", examples=[0])
    rests_until: datetime | None = Field(description="End of its rest; null unless it rests.")
    resting_devices: list[str] = Field(
        description="Devices behind the endpoint that rest.", examples=[["unit-6"]]
    )
    slowed_by: float = Field(
        description="1 as usual; 2 when the device labours or says that it is busy and is asked "
        "half as fast as its limits allow, and so on up to 16.",
        examples=[1],
    )
    limits: list[LimitOut] = Field(description="What holds; a limit that nobody says is absent.")
    windows: list[LimitOut] = Field(
        description="When polling is allowed; each level's windows must be open."
    )

    @classmethod
    def of(cls, status: Status) -> Self:
        """What the API says of `status`."""
        said = {each.name: getattr(status, each.name) for each in fields(status)}
        said["limits"] = [LimitOut.of(limit) for limit in status.limits]
        said["windows"] = [LimitOut.of(limit) for limit in status.windows]
        return cls(**said)
