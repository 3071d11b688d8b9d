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
from aiokafka.errors import KafkaError, TopicAlreadyExistsError
from pydantic import BaseModel, ConfigDict, Field

from isthmus.runtime.errors import IsthmusError

SITE = "<site>"
VISIBLE_TRIES = 50


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
    topics = {topic.name: topic for topic in expand(sites)}
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    try:
        await admin.start()
        created = await _create(admin, topics, replication_factor)
        differing = await _differences(admin, topics)
    except (KafkaError, OSError) as error:
        raise IsthmusError(f"kafka: {bootstrap_servers}: {error}") from error
    finally:
        await admin.close()
    if differing:
        raise IsthmusError("topics differ from the registry:\n  " + "\n  ".join(differing))
    return [f"{'created' if name in created else 'present'} {name}" for name in topics]


async def _create(admin: Any, topics: dict[str, Topic], replication_factor: int) -> set[str]:
    """Create what is missing; the names of the topics that were."""
    present = set(await admin.list_topics())
    reply = await admin.create_topics(
        [
            NewTopic(name, topic.partitions, replication_factor, topic_configs=topic.config())
            for name, topic in topics.items()
            if name not in present
        ]
    )
    created = set()
    for name, code, reason in (error[:3] for error in reply.topic_errors):
        if code not in (0, TopicAlreadyExistsError.errno):
            raise IsthmusError(f"topic {name}: not created: {reason or f'Kafka error {code}'}")
        if code == 0:
            created.add(name)
    return created


async def _differences(admin: Any, topics: dict[str, Topic]) -> list[str]:
    partitions = await _partitions(admin, topics)
    replies = await admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name) for name in topics]
    )
    configs = {r[3]: {e[0]: e[1] for e in r[4]} for reply in replies for r in reply.resources}
    found = []
    for name, topic in topics.items():
        if partitions[name] != topic.partitions:
            found.append(f"{name}: {partitions[name]} partitions, expected {topic.partitions}")
        for key, expected in topic.config().items():
            if configs[name].get(key) != expected:
                found.append(f"{name}: {key} is {configs[name].get(key)}, expected {expected}")
    return found


async def _partitions(admin: Any, topics: Iterable[str]) -> dict[str, int]:
    """Partitions by topic; waits, because a new topic reaches the metadata a little later."""
    described: dict[str, int] = {}
    for _ in range(VISIBLE_TRIES):
        replies = await admin.describe_topics(list(topics))
        described = {r["topic"]: len(r["partitions"]) for r in replies if not r["error_code"]}
        if set(topics) <= set(described):
            return described
        await asyncio.sleep(0.1)
    raise IsthmusError(f"topics are not visible: {', '.join(sorted(set(topics) - set(described)))}")


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
