"""Which sites Kafka has topics for."""

import re

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from isthmus.runtime.connection import connection
from isthmus.runtime.errors import Retryable
from isthmus.runtime.registry import SITE, registry
from isthmus.runtime.settings import Kafka

TARGETS = re.compile(r"inventory\.targets\.([a-z0-9-]+)\.v1")


class KafkaTopics:
    """Asks the brokers, because a record for a topic that is not there would block its outbox."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka

    async def sites(self) -> set[str]:
        admin = AIOKafkaAdminClient(**connection(self._kafka))
        try:
            await admin.start()
            names = set(await admin.list_topics())
        except (KafkaError, OSError) as error:
            raise Retryable(f"kafka: {self._kafka.bootstrap_servers}: {error}") from error
        finally:
            await admin.close()
        return complete(names)


def complete(names: set[str]) -> set[str]:
    """The sites that have every topic of a site that inventory writes."""
    own = [t for name, t in registry().items() if SITE in name and t.writer == "inventory"]
    named = {match[1] for match in map(TARGETS.fullmatch, names) if match}
    return {site for site in named if all(topic.at(site).name in names for topic in own)}
