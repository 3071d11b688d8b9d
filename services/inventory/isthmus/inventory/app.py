"""Wires the inventory service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from isthmus.inventory.adapters.discoveries import MongoJobs
from isthmus.inventory.adapters.kafka import KafkaTopics
from isthmus.inventory.adapters.mongo import MongoAssets
from isthmus.inventory.adapters.prometheus import InventoryMetrics
from isthmus.inventory.adapters.seeds import rows
from isthmus.inventory.adapters.wanted import MongoWanted
from isthmus.inventory.api.discoveries import serve_discoveries
from isthmus.inventory.api.routes import serve
from isthmus.inventory.api.zones import serve_zones
from isthmus.inventory.domain.targets import Target, target
from isthmus.inventory.domain.zones import Zone, zone
from isthmus.inventory.handlers import discoveries, reports
from isthmus.inventory.handlers.discoveries import Discoveries, DiscoveryEvents
from isthmus.inventory.handlers.orders import target_record, zone_record
from isthmus.inventory.handlers.reports import Reports
from isthmus.inventory.handlers.wanted import Kind, Wanted
from isthmus.inventory.settings import Settings
from isthmus.runtime.app import Application
from isthmus.runtime.errors import IsthmusError
from isthmus.runtime.store import Outbox, connect, ping
from isthmus.telemetry.v1 import discovery_pb2, report_pb2

DESCRIPTION = """\
Every asset of every site: what it is, where it stands, what it runs, whether it is well.

The same is on the compacted topic `inventory.assets.v1`, and each change of it on
`inventory.changes.v1`: subscribe rather than poll.
"""


TARGETS = Kind("target", target, target_record)
ZONES = Kind("zone", zone, zone_record)


def build(settings: Settings) -> Application:
    """The service, ready to run."""
    app = Application("inventory", settings, description=DESCRIPTION)
    database = connect(settings.store)
    topics = KafkaTopics(settings.kafka)
    outboxes = {
        name: Outbox(database[name], app.publisher)
        for name in ("assets", "targets", "zones", "discoveries")
    }
    wake = {name: outbox.wake for name, outbox in outboxes.items()}
    assets, jobs = MongoAssets(database), MongoJobs(database)
    target_store = MongoWanted(database["targets"], Target)
    zone_store = MongoWanted(database["zones"], Zone)
    targets = Wanted(TARGETS, target_store, topics, written=wake["targets"])
    zones = Wanted(ZONES, zone_store, topics, written=wake["zones"])

    async def store_ready() -> str | None:
        return await ping(database)

    @asynccontextmanager
    async def store() -> AsyncIterator[None]:
        try:
            if reason := await store_ready():
                raise IsthmusError(f"{reason}; start the store or mend ISTHMUS_STORE__URI")
            for kept in (assets, target_store, zone_store, jobs):
                await kept.prepare()
            for outbox in outboxes.values():
                await outbox.prepare()
            await zones.seed(rows(settings.targets.files, "zones"))
            while await outboxes["zones"].relay():
                pass  # no target of a file may be polled before the rules that stand beside it
            await targets.seed(rows(settings.targets.files, "targets"))
            yield
        finally:
            database.client.close()

    app.resource(store())
    app.check("store", store_ready)
    for name, outbox in outboxes.items():
        app.background(f"{name}_outbox", outbox.run)
    measured = Reports(assets, InventoryMetrics(app.registry), written=wake["assets"])
    app.consume("normalizer.reports.v1", report_pb2.Report, measured, required=reports.REQUIRED)
    app.consume(
        "collector.discoveries.v1",
        discovery_pb2.DiscoveryEvent,
        DiscoveryEvents(jobs, written=wake["discoveries"]),
        required=discoveries.REQUIRED,
    )
    serve(app.http, assets, target_store, targets)
    serve_zones(app.http, zone_store, zones)
    serve_discoveries(
        app.http, jobs, Discoveries(jobs, topics, targets, written=wake["discoveries"])
    )
    return app
