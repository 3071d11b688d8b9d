"""Wires the inventory service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from isthmus.inventory.adapters.kafka import KafkaTopics
from isthmus.inventory.adapters.mongo import MongoAssets
from isthmus.inventory.adapters.prometheus import InventoryMetrics
from isthmus.inventory.adapters.seeds import rows
from isthmus.inventory.adapters.targets import MongoTargets
from isthmus.inventory.api.routes import serve
from isthmus.inventory.handlers.reports import REQUIRED, Reports
from isthmus.inventory.handlers.targets import Targets
from isthmus.inventory.settings import Settings
from isthmus.runtime.app import Application
from isthmus.runtime.errors import IsthmusError
from isthmus.runtime.store import Outbox, connect, ping
from isthmus.telemetry.v1 import report_pb2

DESCRIPTION = """\
Every asset of every site: what it is, where it stands, what it runs, whether it is well.

The same is on the compacted topic `inventory.assets.v1`, and each change of it on
`inventory.changes.v1`: subscribe rather than poll.
"""


def build(settings: Settings) -> Application:
    """The service, ready to run."""
    app = Application("inventory", settings, description=DESCRIPTION)
    database = connect(settings.store)
    assets = MongoAssets(database)
    asset_outbox = Outbox(database["assets"], app.publisher)
    target_outbox = Outbox(database["targets"], app.publisher)
    reports = Reports(assets, InventoryMetrics(app.registry), written=asset_outbox.wake)
    target_store = MongoTargets(database)
    topics = KafkaTopics(settings.kafka.bootstrap_servers)
    targets = Targets(target_store, topics, written=target_outbox.wake)

    async def store_ready() -> str | None:
        return await ping(database)

    @asynccontextmanager
    async def store() -> AsyncIterator[None]:
        try:
            if reason := await store_ready():
                raise IsthmusError(f"{reason}; start the store or mend ISTHMUS_STORE__URI")
            await assets.prepare()
            for outbox in (asset_outbox, target_outbox):
                await outbox.prepare()
            await targets.seed(rows(settings.targets.files))
            yield
        finally:
            database.client.close()

    app.resource(store())
    app.check("store", store_ready)
    app.background("asset_outbox", asset_outbox.run)
    app.background("target_outbox", target_outbox.run)
    app.consume("normalizer.reports.v1", report_pb2.Report, reports, required=REQUIRED)
    serve(app.http, assets, target_store, targets)
    return app
