"""The command that makes Kafka agree with the topic registry.

python -m isthmus.runtime.topics apply --sites hagen,lyon
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Iterable
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError

from isthmus.runtime.connection import connection
from isthmus.runtime.errors import IsthmusError
from isthmus.runtime.publish import HINT
from isthmus.runtime.registry import SITE, Topic, registry
from isthmus.runtime.settings import PREFIX, Kafka, Settings, load

VISIBLE_TRIES = 50
KAFKA = f"{PREFIX}KAFKA__"
SERVERS = os.environ.get(f"{KAFKA}BOOTSTRAP_SERVERS", "localhost:9092")


async def apply(kafka: Kafka | str, sites: Iterable[str], replication_factor: int) -> list[str]:
    """Create what is missing and check what is there; returns a line for each topic.

    Raises IsthmusError when a topic is there with other partitions or another clean-up: both
    are part of the contract, so that a mend by hand, or a `v2` topic, is a person's decision.
    """
    if isinstance(kafka, str):
        kafka = Kafka(bootstrap_servers=kafka)
    topics = {topic.name: topic for topic in expand(sites)}
    admin = AIOKafkaAdminClient(**connection(kafka))
    try:
        await admin.start()
        created = await _create(admin, topics, replication_factor)
        differing = await _differences(admin, topics)
    except (KafkaError, OSError) as error:
        raise IsthmusError(f"kafka: {kafka.bootstrap_servers}: {error}; {HINT}") from error
    finally:
        await admin.close()
    if differing:
        raise IsthmusError("topics differ from the registry:\n  " + "\n  ".join(differing))
    return [f"{'created' if name in created else 'present'} {name}" for name in topics]


def expand(sites: Iterable[str]) -> list[Topic]:
    """The registry with one topic for each site where the name asks for it."""
    sites = list(sites)
    return [
        topic.at(site)
        for topic in registry().values()
        for site in (sites if SITE in topic.name else [""])
    ]


def config(topic: Topic) -> dict[str, str]:
    """Kafka's configuration of a topic."""
    made: dict[str, str] = {"cleanup.policy": topic.cleanup}
    if topic.retention_hours:
        made["retention.ms"] = str(topic.retention_hours * 3_600_000)
    if topic.max_message_bytes:
        made["max.message.bytes"] = str(topic.max_message_bytes)
    return made


async def _create(admin: Any, topics: dict[str, Topic], replication_factor: int) -> set[str]:
    """Create what is missing; the names of the topics that were."""
    present = set(await admin.list_topics())
    reply = await admin.create_topics(
        [
            NewTopic(name, topic.partitions, replication_factor, topic_configs=config(topic))
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
    configs = await _configs(admin, topics)
    found = []
    for name, topic in topics.items():
        if partitions[name] != topic.partitions:
            found.append(f"{name}: {partitions[name]} partitions, expected {topic.partitions}")
        for key, expected in config(topic).items():
            if configs[name].get(key) != expected:
                found.append(f"{name}: {key} is {configs[name].get(key)}, expected {expected}")
    return found


async def _configs(admin: Any, topics: Iterable[str]) -> dict[str, dict[str, str]]:
    """Configuration by topic; waits, because not every broker knows a new topic at once."""
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in topics]
    configs: dict[str, dict[str, str]] = {}
    for _ in range(VISIBLE_TRIES):
        replies = await admin.describe_configs(asked)
        described = [r for reply in replies for r in reply.resources if r[0] == 0]
        configs = {r[3]: {e[0]: e[1] for e in r[4]} for r in described}
        if len(configs) == len(asked):
            return configs
        await asyncio.sleep(0.1)
    raise _invisible(topics, configs)


async def _partitions(admin: Any, topics: Iterable[str]) -> dict[str, int]:
    """Partitions by topic; waits, because a new topic reaches the metadata a little later."""
    described: dict[str, int] = {}
    for _ in range(VISIBLE_TRIES):
        replies = await admin.describe_topics(list(topics))
        described = {r["topic"]: len(r["partitions"]) for r in replies if not r["error_code"]}
        if set(topics) <= set(described):
            return described
        await asyncio.sleep(0.1)
    raise _invisible(topics, described)


def _invisible(topics: Iterable[str], seen: Iterable[str]) -> IsthmusError:
    return IsthmusError(f"topics are not visible: {', '.join(sorted({*topics} - {*seen}))}")


def main(arguments: list[str] | None = None) -> None:
    """The command `apply`; how to reach Kafka safely is read from the environment."""
    parser = argparse.ArgumentParser(prog="isthmus.runtime.topics", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("apply", help="create missing topics, check the others")
    command.add_argument("--bootstrap-servers", default=SERVERS, help="host:port[,…]")
    command.add_argument("--sites", default="", help="sites, comma separated")
    command.add_argument("--replication-factor", type=int, default=3, help="copies (default 3)")
    args = parser.parse_args(arguments)
    sites = [site for site in args.sites.split(",") if site]
    environ = {name: value for name, value in os.environ.items() if name.startswith(KAFKA)}
    kafka = load(Settings, environ, kafka={"bootstrap_servers": args.bootstrap_servers}).kafka
    try:
        lines = asyncio.run(apply(kafka, sites, args.replication_factor))
    except IsthmusError as error:
        sys.exit(str(error))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
