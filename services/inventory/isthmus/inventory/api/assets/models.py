"""What the API says and takes, as readers see it in its documentation."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, Field, create_model

from isthmus.inventory.api.feed.completeness import CompleteUntil
from isthmus.inventory.domain.assets.model import Asset, Health, Reachability, Status
from isthmus.inventory.domain.assets.vocabulary import CUSTOM, FIELDS, Kind
from isthmus.inventory.domain.polling.targets import Target
from isthmus.inventory.ports.finding import SiteSummary
from isthmus.inventory.ports.polling import Standing
from isthmus.runtime.pages import Flag, Next, Number, Whole

if TYPE_CHECKING:
    _Described = BaseModel
else:
    _Described = create_model(
        "_Described",
        **{
            each.name.replace("class", "class_"): (
                str,
                Field("", alias=each.name, description=each.says, examples=[each.example]),
            )
            for each in FIELDS.values()
            if each.kind is not Kind.TAGS
        },
    )


class AssetOut(_Described):
    """One asset as it is now; an empty text means: not known. Numbers are decimal text."""

    model_config = ConfigDict(populate_by_name=True)

    id: str = Field(
        description="Given once, at discovery; survives a new address, name or network card.",
        examples=["0b0e9b3c-5a0e-5c8e-9a3f-3f6a54f3f0d1"],
    )
    site: str = Field(description="Site that it stands on.", examples=["hagen"])
    tags: list[str] = Field(description="Words to find it by.", examples=[["line-1"]])
    custom: dict[str, str] = Field(
        description="Fields that its site has added for itself.", examples=[{"cabinet": "7"}]
    )
    status: Status = Field(description="Whether somebody has said that it belongs here.")
    reachability: Reachability = Field(description="Whether any of its sources reaches it.")
    health: Health = Field(description="NAMUR NE 107 status, the worst that a source says.")
    health_reason: str = Field(description="What the device said.", examples=["upsBatteryStatus=3"])
    sources: list[str] = Field(
        description="Sources that describe it: `site/target[/device]`, `site/system:id` of a "
        "system of record, `operator:…` for what people said.",
        examples=[["hagen/press-plc-1"]],
    )
    keys: list[str] = Field(
        description="Identity keys `scope|kind|value` that it holds.",
        examples=[["global|serial|schneider-electric/21213607"]],
    )
    discovered_at: datetime = Field(description="When the first source observed it.")
    changed_at: datetime = Field(description="When it last changed in anything but being seen.")
    last_seen_at: datetime | None = Field(
        description="When it last answered, a few seconds coarse; null if it never did. Lists are "
        "filtered and sorted by it ten minutes coarse."
    )
    revision: int = Field(description="Counts its changes.", examples=[4])

    @classmethod
    def of(cls, asset: Asset) -> Self:
        """What the API says of `asset`."""
        known = asset.attributes
        named = {name: known.get(name, "") for name in FIELDS if name not in ("tags", "path")}
        return cls.model_validate(
            {
                **named,
                "id": asset.id,
                "site": asset.site,
                "path": asset.path,
                "tags": known["tags"].split(",") if known.get("tags") else [],
                "custom": {
                    n.removeprefix(CUSTOM): v for n, v in known.items() if n.startswith(CUSTOM)
                },
                "status": asset.status,
                "reachability": asset.reachability,
                "health": asset.health,
                "health_reason": asset.health_reason,
                "sources": list(asset.sources),
                "keys": sorted(key.id for key in asset.keys),
                "discovered_at": asset.discovered_at,
                "changed_at": asset.changed_at,
                "last_seen_at": asset.last_seen_at,
                "revision": asset.revision,
            }
        )


class AssetPage(BaseModel):
    """Some assets, by id."""

    items: list[AssetOut]
    next: Next


class SiteOut(BaseModel):
    """One site in numbers."""

    site: str = Field(examples=["hagen"])
    assets: int = Field(description="How many assets stand there.", examples=[14])
    online: int = Field(description="How many of them answer.", examples=[13])
    last_seen_at: datetime | None = Field(
        description="When one of them last answered, ten minutes coarse."
    )

    @classmethod
    def of(cls, site: SiteSummary) -> Self:
        """What the API says of `site`."""
        return cls(
            site=site.site, assets=site.assets, online=site.online, last_seen_at=site.last_seen_at
        )


class SitePage(BaseModel):
    """Every site, by name."""

    items: list[SiteOut]
    complete_until: CompleteUntil = None


class WindowModel(BaseModel):
    """Hours of a week, by the clock on the wall."""

    model_config = ConfigDict(extra="forbid")

    days: list[str] = Field(
        default=["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        description="`mon` to `sun`: the days on which it begins.",
    )
    start: str = Field(description="`HH:MM`, local time.", examples=["22:00"])
    end: str = Field(
        description="`HH:MM`, local time; at or before `start` it ends on the next day.",
        examples=["05:00"],
    )
    time_zone: str = Field(description="IANA time zone.", examples=["Europe/Berlin"])


class EnvelopeModel(BaseModel):
    """How gently devices are treated; what is absent says nothing, of several levels the strictest
    wins."""

    model_config = ConfigDict(extra="forbid")

    connections_max: Whole | None = Field(default=None, description="Connections to an endpoint.")
    connection: str | None = Field(
        default=None,
        description="`persistent`, or `per_read`: closed after each read, so that others may "
        "have it.",
    )
    gap_s: Number | None = Field(
        default=None, description="Least seconds from the end of a request to the next one."
    )
    pause_after_connect_s: Number | None = Field(
        default=None, description="Least seconds from a connection to its first request."
    )
    items_max: Whole | None = Field(
        default=None, description="Most registers, nodes or varbinds in one request."
    )
    device_requests_per_s: Number | None = Field(
        default=None, description="Requests per second to one device, or unit behind a gateway."
    )
    endpoint_requests_per_s: Number | None = Field(
        default=None, description="Requests per second to an endpoint with all units behind it."
    )
    subnet_requests_per_s: Number | None = Field(
        default=None, description="Requests per second into one subnet (IPv4 /24, IPv6 /64)."
    )
    site_requests_per_s: Number | None = Field(
        default=None, description="Requests per second into the site, all collectors together."
    )
    site_connects_per_s: Number | None = Field(
        default=None, description="Connections per second on the site, all collectors together."
    )
    backoff_max_s: Number | None = Field(
        default=None, description="Longest rest of a device that does not answer, in seconds."
    )
    windows: list[WindowModel] | None = Field(
        default=None, description="When polling is allowed; none means always."
    )
    paused: Flag | None = Field(
        default=None, description="Nothing is sent, and connections are closed."
    )
    reason: str | None = Field(
        default=None,
        description="Why, for a person; needed with `paused`.",
        examples=["die change on line 1"],
    )


class TargetIn(BaseModel):
    """One endpoint that the collectors of its site shall read."""

    model_config = ConfigDict(extra="forbid")

    site: str = Field(description="Site of the endpoint.", examples=["hagen"])
    target: str = Field(description="Name, unique within the site.", examples=["press-plc-1"])
    path: str = Field(
        description="ISA-95 equipment path of the endpoint.",
        examples=["nordwerk/hagen/press-shop/line-1/press-1"],
    )
    interval_s: Number = Field(description="Seconds from one read to the next.", examples=[2])
    profile: str = Field(
        description="Device profile that says what to read.", examples=["schneider-m340"]
    )
    endpoint: dict[str, Any] = Field(
        description="Protocol word and its connection settings; a credential by its name only.",
        examples=[{"protocol": "modbus", "host": "127.21.0.11", "port": 15020, "units": [1]}],
    )
    envelope: EnvelopeModel | None = Field(
        default=None, description="What this endpoint bears, beside profile, zones and site."
    )


class TargetOut(TargetIn):
    """One target as it stands."""

    updated_at: datetime | None = Field(default=None, description="When it was last written.")

    @classmethod
    def of(cls, target: Target, updated_at: datetime | None = None) -> Self:
        """What the API says of `target`."""
        return cls(
            site=target.site,
            target=target.target,
            path=target.path,
            interval_s=target.interval_s,
            profile=target.profile,
            endpoint=dict(target.endpoint),
            envelope=EnvelopeModel(**target.envelope) if target.envelope else None,
            updated_at=updated_at,
        )

    @classmethod
    def standing(cls, standing: Standing[Target]) -> Self:
        """What the API says of a stored target."""
        return cls.of(standing.value, standing.updated_at)


class TargetPage(BaseModel):
    """Some targets, by site and name."""

    items: list[TargetOut]
    next: Next
