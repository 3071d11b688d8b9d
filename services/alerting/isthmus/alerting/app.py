"""Wires alerting: the reports' consumer, the assets' reader, the timers, the outbox, the API."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import structlog

from isthmus.alarms.v1 import transition_pb2
from isthmus.alerting.adapters.alarms import mongo
from isthmus.alerting.adapters.alarms.tail import tail
from isthmus.alerting.adapters.notices import config
from isthmus.alerting.adapters.notices.deliveries import MongoDeliveries
from isthmus.alerting.adapters.notices.documents import Mistakes
from isthmus.alerting.adapters.notices.metrics import NoticeMetrics
from isthmus.alerting.adapters.prometheus import AlertingMetrics
from isthmus.alerting.adapters.quiet.metrics import QuietMetrics, StandingMetrics
from isthmus.alerting.adapters.quiet.recurrence import expand
from isthmus.alerting.adapters.quiet.reports import Reports as MaintenanceReports
from isthmus.alerting.adapters.quiet.slots import Slots
from isthmus.alerting.adapters.quiet.windows import Windows
from isthmus.alerting.adapters.rules.files import SHIPPED, load
from isthmus.alerting.adapters.rules.parts import RulePart, parsed
from isthmus.alerting.adapters.rules.sources import Sources
from isthmus.alerting.adapters.rules.store import Rules as MongoRules
from isthmus.alerting.adapters.rules.topic import follow
from isthmus.alerting.api.alarms.acts import serve_acts
from isthmus.alerting.api.alarms.routes import serve_alarms
from isthmus.alerting.api.notices.routes import deliveries, receivers
from isthmus.alerting.api.quiet.figures import serve_kpis
from isthmus.alerting.api.quiet.routes import Concerned, serve_maintenance
from isthmus.alerting.api.rules.routes import serve_rules
from isthmus.alerting.domain.alarms.alarm import REPORTS, Alarm
from isthmus.alerting.domain.alarms.transition import Transition
from isthmus.alerting.domain.quiet.flood import FLOOD
from isthmus.alerting.domain.quiet.kpis import standing as stands_too_long
from isthmus.alerting.domain.quiet.maintenance import Plan
from isthmus.alerting.handlers.ages import aged
from isthmus.alerting.handlers.alarms.following import Following
from isthmus.alerting.handlers.alarms.ledger import Ledger
from isthmus.alerting.handlers.alarms.owned import Owned
from isthmus.alerting.handlers.alarms.partitions import utc_now
from isthmus.alerting.handlers.alarms.records import ALARMS
from isthmus.alerting.handlers.alarms.retention import Retention
from isthmus.alerting.handlers.alarms.timers import Timers
from isthmus.alerting.handlers.notices.records import TRANSITIONS
from isthmus.alerting.handlers.notices.transitions import Plan as NoticePlan
from isthmus.alerting.handlers.notices.transitions import Transitions
from isthmus.alerting.handlers.notices.worker import Told, Worker
from isthmus.alerting.handlers.quiet.counting import REQUIRED as COUNTED
from isthmus.alerting.handlers.quiet.counting import Counting, nobody
from isthmus.alerting.handlers.quiet.floods import Floods
from isthmus.alerting.handlers.quiet.holding import Holding
from isthmus.alerting.handlers.quiet.reporting import Reporting
from isthmus.alerting.handlers.quiet.standing import Standing
from isthmus.alerting.handlers.quiet.watch import Watch
from isthmus.alerting.handlers.quiet.windows import MAINTENANCE, StoredWindows
from isthmus.alerting.handlers.rules.assets import Assets
from isthmus.alerting.handlers.rules.book import RuleBook
from isthmus.alerting.handlers.rules.groups import GroupAlarms
from isthmus.alerting.handlers.rules.happenings import CHANGES, Happenings
from isthmus.alerting.handlers.rules.happenings import REQUIRED as HAPPENED
from isthmus.alerting.handlers.rules.inventory import AssetRules, NoSources
from isthmus.alerting.handlers.rules.reports import Reports
from isthmus.alerting.handlers.rules.revision import Revision
from isthmus.alerting.handlers.rules.stored import RULES, StoredRules
from isthmus.alerting.ports.alarms import AlarmStore
from isthmus.alerting.settings import Settings
from isthmus.assets.v1.asset_pb2 import Asset
from isthmus.assets.v1.change_pb2 import Change
from isthmus.runtime.app import Application, Task
from isthmus.runtime.audience import Audience
from isthmus.runtime.consume import Handler
from isthmus.runtime.door.opening import Kept, open_door
from isthmus.runtime.errors import IsthmusError
from isthmus.runtime.settings import load as load_settings
from isthmus.runtime.store import Outbox, connect, ping
from isthmus.telemetry.v1.report_pb2 import Report

log = structlog.get_logger()
SERVICE = "alerting"
Judged = tuple[AlarmStore, Owned, Owned, Ledger, Assets, RuleBook]
ASSETS = "inventory.assets.v1"


def serve() -> None:
    """Run the service, as the environment says."""
    build(load_settings(Settings)).run()


def build(settings: Settings) -> Application:
    """The service, ready to run."""
    app = Application(
        SERVICE, settings, description="Judges reports by rules and keeps the state of each alarm."
    )
    metrics = AlertingMetrics(app.registry)
    parts = _rules(settings, metrics)
    runbook = settings.rules.runbook
    rules = RuleBook([FLOOD, *(p.rule(runbook=runbook) for p in parts.values() if p.enabled)])
    database = connect(settings.store)
    alarms, sources = mongo.Alarms(database.alarms), Sources(database.sources)
    outbox = Outbox(database.alarms, app.publisher, waiting=metrics.waiting)
    assets = Assets()
    owned = Owned(alarms, sources, utc_now)
    of_assets = Owned(alarms, NoSources(), utc_now, ASSETS)
    holding = _holding(app, settings, database, assets, rules)
    ledger = Ledger(
        alarms,
        rules=lambda name: rules.by_name.get(name),
        written=outbox.wake,
        transitioned=_each(partial(_count, metrics), QuietMetrics(app.registry).transitioned),
        holds=holding.begins,
    )
    reports = Reports(owned, ledger, assets, rules, sources, utc_now)
    timers = Timers(owned, ledger, assets, rules, utc_now)
    metrics.open.set_function(lambda: sum(p.opened for p in owned.loaded))
    metrics.sources.set_function(lambda: sum(len(p.sources) for p in owned.loaded))

    app.check("store", partial(ping, database))
    app.check("assets", assets.check)
    app.background("outbox", outbox.run)
    app.background("timers", timers.run)
    app.background(
        "assets",
        partial(follow, settings.kafka, ASSETS, assets.handle, assets.completed),
    )
    app.consume(
        REPORTS,
        Report,
        aged(reports.handle, metrics.judged),
        required=("id", "site", "target", "observed_at"),
        listener=owned,
    )
    judged = alarms, owned, of_assets, ledger, assets, rules
    _judgement(app, settings, database, judged, parts, metrics, holding.standing)
    floods = _quiet(app, settings, database, judged, holding)
    serve_acts(app.http, ledger, utc_now)
    following = _following(app, settings, (owned, of_assets), floods)
    serve_alarms(app.http, alarms, following)
    keep = timedelta(seconds=settings.alarms.retention_s)
    app.background("retention", Retention(alarms, keep, utc_now, outbox.wake).run)
    door = open_door(app, settings.access, database)  # after the last route
    app.resource(_prepared(alarms, sources, outbox, *door))
    return app


def _following(
    app: Application, settings: Settings, owned: Iterable[Owned], floods: Floods
) -> Following:
    """Every replica follows the transitions of all: people act on any of them."""
    following = Following(owned, Audience())
    app.background("following", following.run)
    app.background(
        "transitions",
        partial(
            tail,
            settings.kafka,
            TRANSITIONS,
            following.start,
            _each(following.handle, floods.handle),
        ),
    )
    return following


def _holding(
    app: Application, settings: Settings, database: Any, assets: Assets, rules: RuleBook
) -> Holding:
    """What holds alarms back by design, as far as this replica knows of it."""
    store, box = Windows(database.maintenance), Outbox(database.maintenance, app.publisher)
    windows = StoredWindows(store, Plan(expand), written=box.wake, now=utc_now)
    app.resource(_prepared(box, load=windows.load))
    app.background("maintenance_outbox", box.run)
    app.background(
        "maintenance",
        partial(follow, settings.kafka, MAINTENANCE, windows.handle, lambda: None),
    )
    settle = timedelta(seconds=settings.quiet.settle_s)
    return Holding(windows, Standing(), assets, rules, settle, utc_now)


def _quiet(
    app: Application, settings: Settings, database: Any, judged: Judged, holding: Holding
) -> Floods:
    """What keeps alarms quiet that need not call a person, and how much the others ask."""
    alarms, owned, of_assets, ledger, assets, rules = judged
    keep_s = settings.quiet.retention_s
    reports = MaintenanceReports(database.maintenance_reports, keep_s)
    slots = Slots(database.kpis, keep_s)
    app.resource(_prepared(reports, slots))
    floods = Floods(owned, ledger, utc_now)
    watch = Watch((owned, of_assets), ledger, holding, rules, floods.first_out, utc_now)
    owners = ((REPORTS, owned), (ASSETS, of_assets))
    reporting = Reporting(owners, holding.windows.plan, assets, reports, utc_now)
    tasks: dict[str, Task] = {
        "floods": floods.run,
        "holding": watch.run,
        "maintenance_reports": reporting.run,
    }
    for name, run in tasks.items():
        app.background(name, run)
    told = _notices(app, settings, database)
    app.consume(
        TRANSITIONS,
        transition_pb2.Transition,
        Counting(slots).after(told),
        required=COUNTED,
        group="alerting.transitions",
    )
    standing = holding.standing
    app.registry.register(
        StandingMetrics(
            lambda: stands_too_long(standing.all, utc_now()),
            lambda: [s.site for s in standing.all if s.rule == FLOOD.name and s.raised_at],
            utc_now,
        )
    )
    concerned = Concerned(alarms, assets)
    serve_maintenance(app.http, holding.windows, reports, expand, concerned, rules, utc_now)
    serve_kpis(app.http, slots, alarms, lambda: stands_too_long(standing.all, utc_now()), utc_now)
    return floods


def _notices(
    app: Application, settings: Settings, database: Any
) -> Handler[transition_pb2.Transition]:
    """Who is told of alarms: nobody, unless a routing file says so."""
    said = _routing(settings.notices.file)
    store = MongoDeliveries(database, settings.notices.retention_s)
    observer, holder = NoticeMetrics(app.registry), uuid4().hex
    told = {name: Told(said.policies[name], made) for name, made in said.receivers().items()}
    workers = {n: Worker(each, store, holder, observer, utc_now) for n, each in told.items()}
    app.resource(_prepared(store))
    for name, worker in workers.items():
        app.background(f"receiver_{name}", worker.run)
    app.http.router.routes.extend(deliveries(store, utc_now).routes)
    known = {name: (each.policy, each.receiver) for name, each in told.items()}
    app.http.router.routes.extend(receivers(known, store, utc_now).routes)
    if not workers:
        log.warning("notices_off", reason="ISTHMUS_NOTICES__FILE is not set: nobody is told")
        app.facts["notices"] = "off"
        return nobody

    def written(names: Iterable[str]) -> None:
        for name in names:
            workers[name].wake()

    plan = NoticePlan(said.route, said.policies, timedelta(seconds=settings.notices.outdated_s))
    return Transitions(store, plan, observer, written, utc_now).handle


def _routing(file: Path | None) -> config.Configured:
    if file is None:
        return config.NOBODY
    try:
        return config.load(file)
    except Mistakes as error:
        lines = "\n".join(f"  {line}" for line in error.lines)
        raise SystemExit(f"ISTHMUS_NOTICES__FILE:\n{lines}") from None


def _rules(settings: Settings, metrics: AlertingMetrics) -> dict[str, RulePart]:
    """The shipped rules and those of the folder, by name."""
    folder = settings.rules.folder
    if folder is not None and not folder.is_dir():
        raise SystemExit(
            f"settings:\n  ISTHMUS_RULES__FOLDER: {str(folder)!r}: expected a folder that is there"
        )
    loaded = load(SHIPPED, *([folder] if folder else []))
    for mistake in loaded.mistakes:
        log.error("rule_refused", reason=str(mistake))
    metrics.rules.labels("refused").set(len(loaded.mistakes))
    return {part.name: part for part in loaded.rules}


def _judgement(
    app: Application,
    settings: Settings,
    database: Any,
    judged: Judged,
    parts: dict[str, RulePart],
    metrics: AlertingMetrics,
    standing: Standing,
) -> None:
    """Rules on assets and on groups, and the rules that people store."""
    _, owned, of_assets, ledger, assets, rules = judged
    inventory = AssetRules(of_assets, ledger, assets, rules, utc_now)
    groups = GroupAlarms(owned, ledger, assets, rules, utc_now)
    revision = Revision((owned, of_assets), ledger, rules, utc_now)
    store, box = MongoRules(database.rules), Outbox(database.rules, app.publisher)
    parse = partial(parsed, runbook=settings.rules.runbook)
    stored = StoredRules(store, rules, parse, written=box.wake, now=utc_now)
    metrics.rules.labels("in_force").set_function(lambda: len(rules.by_name))
    app.resource(_prepared(box, load=stored.load))
    tasks: dict[str, Task] = {
        "assets_timers": Timers(of_assets, ledger, assets, rules, utc_now).run,
        "assets_sweep": inventory.run,
        "groups": groups.run,
        "revision": revision.run,
        "rules_outbox": box.run,
        "groups_alarms": partial(
            follow,
            settings.kafka,
            ALARMS,
            _each(groups.handle, standing.handle),
            _each(groups.completed, standing.completed),
        ),
        "rules": partial(follow, settings.kafka, RULES, stored.handle, lambda: None),
    }
    for name, run in tasks.items():
        app.background(name, run)
    app.consume(
        ASSETS,
        Asset,
        inventory.handle,
        required=("id", "site"),
        listener=of_assets,
        group="alerting.assets",
    )
    happenings = Happenings(ledger, assets, rules)
    app.consume(CHANGES, Change, happenings.handle, required=HAPPENED, group="alerting.changes")
    serve_rules(app.http, parts, stored)


def _each(*calls: Callable[..., object]) -> Callable[..., None]:
    """All of them, one after the other, with the same."""

    def call(*said: object) -> None:
        for each in calls:
            each(*said)

    return call


def _count(metrics: AlertingMetrics, alarm: Alarm, transition: Transition) -> None:
    metrics.transitions.labels(alarm.rule, alarm.priority, transition.kind.value).inc()
    if transition.annunciate:
        metrics.annunciations.labels(alarm.site, transition.priority).inc()


async def _nothing() -> None:
    """There is nothing to load."""


@asynccontextmanager
async def _prepared(*kept: Kept, load: Task = _nothing) -> AsyncIterator[None]:
    try:
        for each in kept:
            await each.prepare()
        await load()
    except IsthmusError as error:
        raise IsthmusError(f"{error}; start the store or mend ISTHMUS_STORE__URI") from error
    yield
