"""Settings from the environment, `ISTHMUS_<GROUP>__<NAME>`, where an unknown name is an error."""

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, FilePath, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "ISTHMUS_"


class Group(BaseModel):
    """One group of settings; strict, so that a typing error is found at start."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Kafka(Group):
    """How to reach Kafka and how to belong to a consumer group."""

    bootstrap_servers: str = Field(pattern=r"^[^\s:,]+:\d+(,[^\s:,]+:\d+)*$")
    """Brokers to ask first, `host:port[,host:port]`."""
    security_protocol: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = "plaintext"
    """`ssl` encrypts, and shows our certificate where there is one; `sasl_…` adds a password."""
    ca_file: FilePath | None = None
    """Certificates (PEM) of the authorities that sign brokers; without it, the system's."""
    certificate_file: FilePath | None = None
    """Our certificate (PEM), for brokers that ask for one."""
    key_file: FilePath | None = None
    """The key of our certificate (PEM), unless it stands in the same file."""
    sasl_mechanism: Literal["SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"] = "SCRAM-SHA-512"
    """How the password is shown."""
    sasl_username: str | None = None
    """Name that the password belongs to."""
    sasl_password_file: FilePath | None = None
    """File that holds the password, and nothing else."""
    group_instance_id: str | None = None
    """Static member name, the pod's name: a restart within the session moves no partition. One that
    is removed for good is missed only after a session, as it takes no leave."""
    session_timeout_s: float = Field(default=30, ge=6, le=300)
    """Seconds without a heartbeat after which Kafka gives our partitions to others."""
    start_timeout_s: float = Field(default=15, gt=0)
    """Seconds to wait for a broker at start before giving up."""
    publish_timeout_s: float = Field(default=10, gt=0)
    """Seconds until records that are not acknowledged count as not published."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        given = self.sasl_username is not None, self.sasl_password_file is not None
        if given != (self.security_protocol.startswith("sasl"),) * 2:
            raise ValueError(
                "SASL_USERNAME and SASL_PASSWORD_FILE go with SECURITY_PROTOCOL sasl_…, together"
            )
        return self


class Consume(Group):
    """How records are taken from a topic, and when one is given up."""

    batch_records: int = Field(default=500, ge=1, le=10_000)
    """Most records in one batch; bounds memory."""
    attempts: int = Field(default=5, ge=1)
    """Times that a record may fail for an unforeseen reason before it is rejected."""
    backoff_initial_s: float = Field(default=0.5, gt=0)
    """Seconds before the first retry; doubles, with full jitter."""
    backoff_max_s: float = Field(default=30, gt=0, le=120)
    """Longest wait between retries; far below Kafka's poll interval of 300 s."""
    rejected_in_a_row_max: int = Field(default=20, ge=1)
    """Rejected records in a row after which the service stops: a bad deployment must not empty
    a topic into the dead-letter topic."""


class Http(Group):
    """Where health, metrics and the API are served."""

    host: str = "127.0.0.1"
    """Address to listen on; `0.0.0.0` in a pod."""
    port: int = Field(default=8080, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""
    stop_timeout_s: float = Field(default=25, gt=0)
    """Seconds for work in flight at SIGTERM; stay below the pod's grace period."""


class Telemetry(Group):
    """Logs."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe level that is written."""
    log_format: Literal["json", "console"] = "json"
    """`json` for machines, `console` for a person."""


class Settings(BaseSettings):
    """What every service reads; a service adds its own groups."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    kafka: Kafka
    consume: Consume = Consume()
    http: Http = Http()
    telemetry: Telemetry = Telemetry()


S = TypeVar("S", bound=Settings)


def load(kind: type[S], environ: Mapping[str, str] = os.environ, **given: Any) -> S:
    """The settings of a service, what is `given` before what the environment says.

    Exits with status 1 and one line for each mistake.
    """
    mistakes = list(_unknown(kind, environ))
    settings = None
    try:
        settings = kind(**given)
    except ValidationError as error:
        mistakes.extend(_explain(kind, error, environ))
    if mistakes or settings is None:
        raise SystemExit("\n".join(["settings:", *(f"  {line}" for line in sorted(mistakes))]))
    return settings


def names(kind: type[Settings]) -> dict[str, tuple[str, str]]:
    """Every variable of a service, with its group and field."""
    return {
        f"{PREFIX}{group}__{field}".upper(): (group, field)
        for group in kind.model_fields
        for field in group_of(kind, group).model_fields
    }


def group_of(kind: type[Settings], name: str) -> type[BaseModel]:
    """The model of one group of a service's settings."""
    group: Any = kind.model_fields[name].annotation
    return cast("type[BaseModel]", group)


def _unknown(kind: type[Settings], environ: Mapping[str, str]) -> Iterator[str]:
    # Kubernetes injects ISTHMUS_INVENTORY_SERVICE_HOST and the like: only `__` marks a setting.
    known = names(kind)
    for name in environ:
        if name.startswith(PREFIX) and "__" in name and name.upper() not in known:
            near = difflib.get_close_matches(name.upper(), known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"
            yield f"{name}: unknown setting; {hint}"


def _explain(
    kind: type[Settings], error: ValidationError, environ: Mapping[str, str]
) -> Iterator[str]:
    for item in error.errors():
        if item["type"] == "extra_forbidden":
            continue  # reported by _unknown, with a suggestion
        path = [str(part) for part in item["loc"]]
        name = PREFIX + "__".join(path).upper()
        if item["type"] == "missing" and len(path) == 1:
            fields = group_of(kind, path[0]).model_fields.items()
            yield from (f"{name}__{f.upper()}: missing" for f, i in fields if i.is_required())
        else:
            shown = f" {environ[name]!r}:" if name in environ and not _secret(kind, path) else ""
            yield f"{name}:{shown} {item['msg']}"


def _secret(kind: type[Settings], path: Sequence[str]) -> bool:
    annotations = [group_of(kind, path[0]).model_fields[field].annotation for field in path[1:2]]
    return any("Secret" in str(annotation) for annotation in annotations)
