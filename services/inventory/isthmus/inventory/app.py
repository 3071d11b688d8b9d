"""Wires the inventory service."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from isthmus.inventory.adapters.assets.conflicts import MongoConflicts
from isthmus.inventory.adapters.assets.history import MongoHistory
from isthmus.inventory.adapters.assets.policy import MongoPolicy
from isthmus.inventory.adapters.assets.store import MongoAssets
from isthmus.inventory.adapters.books import MongoBook, MongoCovered, MongoDueWork
from isthmus.inventory.adapters.custom_fields import MongoCustomFields
from isthmus.inventory.adapters.feed.causes import MongoCauses
from isthmus.inventory.adapters.feed.prometheus import FeedMetrics
from isthmus.inventory.adapters.feed.rolls import MongoRolls
from isthmus.inventory.adapters.feed.trail import KafkaTrail
from isthmus.inventory.adapters.finding.directory import MongoDirectory
from isthmus.inventory.adapters.finding.saved import MongoViews
from isthmus.inventory.adapters.past_relations import MongoPast
from isthmus.inventory.adapters.polling.discoveries import MongoJobs
from isthmus.inventory.adapters.polling.kafka import KafkaTopics
from isthmus.inventory.adapters.polling.seeds import rows
from isthmus.inventory.adapters.polling.wanted import MongoProfiles, MongoWanted
from isthmus.inventory.adapters.prometheus import InventoryMetrics
from isthmus.inventory.adapters.relations import MongoRelations
from isthmus.inventory.adapters.sightings import MongoSightings
from isthmus.inventory.adapters.software import MongoSoftware
from isthmus.inventory.adapters.tables.imports import MongoImports
from isthmus.inventory.adapters.tables.tables import read
from isthmus.inventory.api.assets.assets import serve_assets
from isthmus.inventory.api.assets.drift import serve_drift
from isthmus.inventory.api.assets.identity import serve_identity
from isthmus.inventory.api.custom_fields import serve_custom_fields
from isthmus.inventory.api.feed.changes import serve_changes
from isthmus.inventory.api.feed.completeness import serve_completeness
from isthmus.inventory.api.feed.observations import serve_observations
from isthmus.inventory.api.finding.exporter import serve_exporter
from isthmus.inventory.api.finding.listing import serve_listing
from isthmus.inventory.api.finding.views import serve_views
from isthmus.inventory.api.money.books import serve_books
from isthmus.inventory.api.money.costs import serve_costs
from isthmus.inventory.api.money.plans import serve_plans
from isthmus.inventory.api.polling.bulk import serve_bulk
from isthmus.inventory.api.polling.discoveries import serve_discoveries
from isthmus.inventory.api.polling.targets import serve_targets
from isthmus.inventory.api.polling.zones import serve_zones
from isthmus.inventory.api.relations.relations import serve_relations
from isthmus.inventory.api.software import serve_software
from isthmus.inventory.api.tables.exports import serve_exports
from isthmus.inventory.api.tables.imports import serve_imports
from isthmus.inventory.api.tables.mappings import serve_mappings
from isthmus.inventory.domain.custom_fields import Own
from isthmus.inventory.domain.money.contracts import contract, work
from isthmus.inventory.domain.money.money import rate_table
from isthmus.inventory.domain.money.plans import plan
from isthmus.inventory.domain.polling.targets import Target, target
from isthmus.inventory.domain.polling.zones import Zone, zone
from isthmus.inventory.handlers.assets import reports
from isthmus.inventory.handlers.assets.commits import Commits
from isthmus.inventory.handlers.assets.curation import Curation
from isthmus.inventory.handlers.assets.policy import Policies
from isthmus.inventory.handlers.assets.reports import Reports
from isthmus.inventory.handlers.custom_fields import CustomFields
from isthmus.inventory.handlers.feed.changes import Changes
from isthmus.inventory.handlers.feed.completeness import Completeness
from isthmus.inventory.handlers.feed.tracing import Tracing
from isthmus.inventory.handlers.money.books import CONTRACTS, MAINTENANCE, PLANS, RATES, Books
from isthmus.inventory.handlers.money.costs import Costs
from isthmus.inventory.handlers.money.due import Maintenance
from isthmus.inventory.handlers.polling import discoveries
from isthmus.inventory.handlers.polling.bulk import Bulk, no_rules, target_rules
from isthmus.inventory.handlers.polling.discoveries import Discoveries, DiscoveryEvents
from isthmus.inventory.handlers.polling.orders import target_record, zone_record
from isthmus.inventory.handlers.polling.wanted import Kind, Wanted
from isthmus.inventory.handlers.relations import Relations
from isthmus.inventory.handlers.sightings import Sighted
from isthmus.inventory.handlers.software import Portfolio
from isthmus.inventory.handlers.tables.exports import Exports
from isthmus.inventory.handlers.tables.import_run import World
from isthmus.inventory.handlers.tables.imports import Imports
from isthmus.inventory.handlers.tables.withdrawals import Withdrawals
from isthmus.inventory.settings import Settings
from isthmus.runtime.app import Application
from isthmus.runtime.door.opening import Kept, open_door
from isthmus.runtime.errors import IsthmusError
from isthmus.runtime.settings import load
from isthmus.runtime.store import Outbox, connect, ping
from isthmus.telemetry.v1 import discovery_pb2, report_pb2

DESCRIPTION = """\
Every asset of every site: what it is, where it stands, what it runs, whether it is well, what
hangs on it, what it costs, and when it ends; and why we believe so.

The same is on the compacted topic `inventory.assets.v1`, and each change of it on
`inventory.changes.v1`: subscribe rather than poll.
"""

Seeds = Callable[[], Awaitable[None]]
Fields = Callable[[], Own]
"""The definitions of custom fields as they are now."""
TARGETS = Kind("target", target, target_record)
ZONES = Kind("zone", zone, zone_record)


def build(settings: Settings) -> Application:
    """The service, ready to run."""
    app = Application("inventory", settings, description=DESCRIPTION)
    database = connect(settings.store)
    kept: list[Kept] = []
    app.check("store", partial(ping, database))
    measures = InventoryMetrics(app.registry)
    seeds = _wanted(app, settings, database, kept, measures)
    own = _custom_fields(app, database, kept)
    _finding(app, settings, database, kept, own)
    completeness = _feed(app, settings, database, kept)
    assets, withdrawals = _assets(app, database, kept, own, measures, completeness)
    _books(app, database, assets, kept)
    _imports(app, database, kept, withdrawals, own)
    kept += open_door(app, settings.access, database)
    app.resource(_store(database, kept, seeds))
    return app


@asynccontextmanager
async def _store(database: Any, kept: Iterable[Kept], seeds: Seeds) -> AsyncIterator[None]:
    try:
        if reason := await ping(database):
            raise IsthmusError(f"{reason}; start the store or mend ISTHMUS_STORE__URI")
        for each in kept:
            await each.prepare()
        await seeds()
        yield
    finally:
        database.client.close()


def _outbox(
    app: Application, collection: Any, name: str, kept: list[Kept], measures: InventoryMetrics
) -> Outbox:
    outbox = Outbox(collection, app.publisher, waiting=partial(measures.waiting, name))
    app.background(f"{name}_outbox", outbox.run)
    kept.append(outbox)
    return outbox


def _wanted(
    app: Application,
    settings: Settings,
    database: Any,
    kept: list[Kept],
    measures: InventoryMetrics,
) -> Seeds:
    """Targets, zones and discovery jobs; what takes them in from seed files."""
    topics = KafkaTopics(settings.kafka)
    target_store = MongoWanted(database["targets"], Target)
    zone_store = MongoWanted(database["zones"], Zone)
    jobs = MongoJobs(database)
    boxes = {
        name: _outbox(app, database[name], name, kept, measures)
        for name in ("targets", "zones", "discoveries")
    }
    targets = Wanted(TARGETS, target_store, topics, written=boxes["targets"].wake)
    zones = Wanted(ZONES, zone_store, topics, written=boxes["zones"].wake)
    asked = Discoveries(jobs, topics, targets, written=boxes["discoveries"].wake)
    kept += [target_store, zone_store, jobs]
    app.consume(
        "collector.discoveries.v1",
        discovery_pb2.DiscoveryEvent,
        DiscoveryEvents(jobs, written=boxes["discoveries"].wake),
        required=discoveries.REQUIRED,
    )
    serve_targets(app.http, target_store, targets)
    serve_zones(app.http, zone_store, zones)
    rules = target_rules(zone_store, MongoProfiles(database))
    serve_bulk(app.http, "targets", Bulk(targets, target_store, topics, rules))
    serve_bulk(app.http, "zones", Bulk(zones, zone_store, topics, no_rules))
    serve_discoveries(app.http, jobs, asked)

    async def seeds() -> None:
        await zones.seed(rows(settings.targets.files, "zones"))
        while await boxes["zones"].relay():
            pass  # no target of a file may be polled before the rules that stand beside it
        await targets.seed(rows(settings.targets.files, "targets"))

    return seeds


def _custom_fields(app: Application, database: Any, kept: list[Kept]) -> Fields:
    """What a site says of assets beyond the vocabulary."""
    fields = CustomFields(MongoCustomFields(database), MongoDirectory(database))
    kept.append(fields)
    app.background("custom_fields", fields.run)
    serve_custom_fields(app.http, fields)
    return fields.own


def _finding(
    app: Application, settings: Settings, database: Any, kept: list[Kept], own: Fields
) -> None:
    """Lists, searches, exports; before the routes that take an id below `/v1/assets`."""
    directory, views = MongoDirectory(database), MongoViews(database)
    kept.append(directory)
    serve_listing(app.http, directory, views, own=own)
    serve_views(app.http, views, own=own)
    serve_exports(app.http, Exports(directory), own)
    serve_exporter(app.http, directory, settings.exporter.assets_max, own=own)


def _feed(app: Application, settings: Settings, database: Any, kept: list[Kept]) -> Completeness:
    """Following what happens: changes, what became of observations, how complete we are."""
    rolls, history = MongoRolls(database), MongoHistory(database)
    kept.append(rolls)
    metrics = FeedMetrics(app.registry)
    completeness, changes = Completeness(rolls, metrics), Changes(history, metrics)
    app.background("completeness", completeness.run)
    app.background("changes", changes.run)
    serve_changes(app.http, history, changes)
    serve_completeness(app.http, completeness)
    tracing = Tracing(KafkaTrail(settings.kafka), MongoCauses(database))
    serve_observations(app.http, tracing)
    return completeness


def _assets(
    app: Application,
    database: Any,
    kept: list[Kept],
    own: Fields,
    measures: InventoryMetrics,
    completeness: Completeness,
) -> tuple[MongoAssets, Withdrawals]:
    """What becomes of reports, and what people do to assets."""
    assets, history = MongoAssets(database), MongoHistory(database)
    relations, sightings = MongoRelations(database), MongoSightings(database)
    kept += [assets, relations, sightings]
    commits = Commits(assets, app.publisher)
    handler = Reports(assets, commits, measures)
    curation = Curation(assets, history, commits, own)
    policies = Policies(MongoPolicy(database), assets, commits, handler.follow, curation.follow)
    app.background("journal", commits.run)
    app.background("policy", policies.run)
    kept.append(policies)
    taken = completeness.after(Sighted(sightings).after(handler))
    app.consume("normalizer.reports.v1", report_pb2.Report, taken, required=reports.REQUIRED)
    serve_assets(app.http, assets, history, curation)
    serve_identity(app.http, MongoConflicts(database), policies)
    serve_drift(app.http, assets, lambda: policies.current)
    serve_relations(app.http, Relations(relations, sightings, MongoPast(database)))
    return assets, Withdrawals(assets, commits, lambda: policies.current)


def _books(app: Application, database: Any, assets: MongoAssets, kept: list[Kept]) -> None:
    """Contracts, maintenance, rates, and what all of it costs."""
    contracts = MongoBook(database["contracts"], contract)
    maintenance = MongoBook(database["maintenance"], work)
    rates = MongoBook(database["exchange_rates"], rate_table)
    software = MongoSoftware(database)
    serve_software(app.http, Portfolio(software, MongoRelations(database)))
    plans = MongoBook(database["maintenance_plans"], plan)
    covered, agreed = MongoCovered(database), MongoDueWork(database["maintenance"])
    directory = MongoDirectory(database)
    kept += [contracts, maintenance, rates, plans, agreed, software]
    due = Maintenance(plans, maintenance, agreed, contracts, directory, assets, covered, covered)
    serve_plans(app.http, Books(PLANS, plans, assets), due)
    serve_books(
        app.http,
        Books(CONTRACTS, contracts, assets),
        Books(MAINTENANCE, maintenance, assets),
        Books(RATES, rates, assets),
    )
    serve_costs(app.http, Costs(assets, contracts, maintenance, rates, covered))


def _imports(
    app: Application, database: Any, kept: list[Kept], withdrawals: Withdrawals, own: Fields
) -> None:
    """Tables of other systems, whose rows go through the normaliser as observations."""
    store = MongoImports(database)
    kept.append(store)
    holders = MongoRelations(database)
    imports = Imports(World(store, read, holders, app.publisher, withdrawals, own))
    app.background("imports", imports.run)
    serve_mappings(app.http, store, own)
    serve_imports(app.http, store, store, imports)


def serve() -> None:
    """Keep the inventory until SIGTERM."""
    build(load(Settings)).run()
