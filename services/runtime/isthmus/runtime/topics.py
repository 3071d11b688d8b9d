"""The topic registry: one YAML a topic, and the command that makes Kafka agree with it.

python -m isthmus.runtime.topics apply --sites hagen,lyon
"""

import argparse
import asyncio
import sys
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError
from pydantic import BaseModel, ConfigDict, Field

from isthmus.runtime.errors import IsthmusError

SITE = "<site>"


class Topic(BaseModel):
    """One topic as its YAML declares it; the file's name is the topic's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9.<>-]+$")
    purpose: str
    key: str
    message: str
    writer: str
    readers: list[str]
    sample: str | None
    partitions: int = Field(ge=1)
    cleanup: Literal["delete", "compact"]
    retention_hours: int | None = Field(default=None, ge=1)
    max_message_bytes: int | None = None

    def at(self, site: str) -> "Topic":
        """The topic of one site, where the name has a place for it."""
        return self.model_copy(update={"name": self.name.replace(SITE, site)})

    def services(self) -> set[str]:
        """Who writes or reads the topic under this very name; a site's topic is its own matter."""
        return set() if SITE in self.name else {self.writer, *self.readers}

    def config(self) -> dict[str, str]:
        """Kafka's topic configuration."""
        config: dict[str, str] = {"cleanup.policy": self.cleanup}
        if self.retention_hours:
            config["retention.ms"] = str(self.retention_hours * 3_600_000)
        if self.max_message_bytes:
            config["max.message.bytes"] = str(self.max_message_bytes)
        return config


@cache
def registry() -> dict[str, Topic]:
    """Every topic by name, sorted."""
    folder = files("isthmus.runtime") / "registry"
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    topics = [
        Topic(name=f.name.removesuffix(".yaml"), **yaml.safe_load(f.read_text())) for f in found
    ]
    return {topic.name: topic for topic in topics}


def expand(sites: Iterable[str]) -> list[Topic]:
    """The registry with one topic for each site where the name asks for it."""
    sites = list(sites)
    return [
        topic.at(site)
        for topic in registry().values()
        for site in (sites if SITE in topic.name else [""])
    ]


async def apply(bootstrap_servers: str, sites: Iterable[str], replication_factor: int) -> list[str]:
    """Create what is missing and check what is there; returns a line for each topic.

    Raises IsthmusError when a topic is there with other partitions or another clean-up: both
    are part of the contract, so that a mend by hand, or a `v2` topic, is a person's decision.
    """
    topics = expand(sites)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    try:
        await admin.start()
        present = set(await admin.list_topics())
        missing = [t for t in topics if t.name not in present]
        await _create(admin, missing, replication_factor)
        differing = await _differences(admin, [t for t in topics if t.name in present])
    except (KafkaError, OSError) as error:
        raise IsthmusError(f"kafka: {bootstrap_servers}: {error}") from error
    finally:
        await admin.close()
    if differing:
        raise IsthmusError("topics differ from the registry:\n  " + "\n  ".join(differing))
    return [f"{'created' if t in missing else 'present'} {t.name}" for t in topics]


async def _create(admin: Any, missing: list[Topic], replication_factor: int) -> None:
    if not missing:
        return
    reply = await admin.create_topics(
        [
            NewTopic(t.name, t.partitions, replication_factor, topic_configs=t.config())
            for t in missing
        ]
    )
    for name, code, reason in (error[:3] for error in reply.topic_errors):
        if code:
            raise IsthmusError(f"topic {name}: not created: {reason or f'Kafka error {code}'}")


async def _differences(admin: Any, present: list[Topic]) -> list[str]:
    if not present:
        return []
    described = {d["topic"]: d for d in await admin.describe_topics([t.name for t in present])}
    configured = await _configs(admin, present)
    found = []
    for topic in present:
        partitions = len(described[topic.name]["partitions"])
        if partitions != topic.partitions:
            found.append(f"{topic.name}: {partitions} partitions, expected {topic.partitions}")
        for name, expected in topic.config().items():
            actual = configured[topic.name].get(name)
            if actual != expected:
                found.append(f"{topic.name}: {name} is {actual}, expected {expected}")
    return found


async def _configs(admin: Any, topics: list[Topic]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, t.name) for t in topics]
    replies = await admin.describe_configs(resources)
    return {
        name: {entry[0]: entry[1] for entry in entries}
        for reply in replies
        for _, _, _, name, entries in reply.resources
    }


def main(arguments: list[str] | None = None) -> None:
    """The command `apply`."""
    parser = argparse.ArgumentParser(prog="isthmus.runtime.topics", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("apply", help="create missing topics, check the others")
    command.add_argument("--bootstrap-servers", default="localhost:9092", help="host:port[,…]")
    command.add_argument("--sites", default="", help="sites, comma separated")
    command.add_argument("--replication-factor", type=int, default=3, help="copies (default 3)")
    args = parser.parse_args(arguments)
    sites = [site for site in args.sites.split(",") if site]
    try:
        lines = asyncio.run(apply(args.bootstrap_servers, sites, args.replication_factor))
    except IsthmusError as error:
        sys.exit(str(error))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
