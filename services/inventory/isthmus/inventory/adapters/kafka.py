"""Which sites Kafka has a targets topic for."""

import re

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from isthmus.runtime.errors import Retryable

TOPIC = re.compile(r"inventory\.targets\.([a-z0-9-]+)\.v1")


class KafkaTopics:
    """Asks the brokers, because a record for a topic that is not there would block its outbox."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._bootstrap_servers = bootstrap_servers

    async def sites(self) -> set[str]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap_servers)
        try:
            await admin.start()
            names = await admin.list_topics()
        except (KafkaError, OSError) as error:
            raise Retryable(f"kafka: {self._bootstrap_servers}: {error}") from error
        finally:
            await admin.close()
        return {match[1] for match in map(TOPIC.fullmatch, names) if match}
