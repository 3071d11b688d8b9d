"""Wires alerting: the reports' consumer, the assets' reader, the timers, the outbox, the API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import structlog

from isthmus.alerting.adapters import mongo
from isthmus.alerting.adapters.assets import follow
from isthmus.alerting.adapters.prometheus import AlertingMetrics
from isthmus.alerting.adapters.rules import load
from isthmus.alerting.api.routes import routes
from isthmus.alerting.domain.alarm import Alarm, Transition
from isthmus.alerting.handlers.assets import Assets
from isthmus.alerting.handlers.ledger import Ledger
from isthmus.alerting.handlers.owned import Owned
from isthmus.alerting.handlers.partitions import RuleBook, utc_now
from isthmus.alerting.handlers.records import ASSETS, REPORTS
from isthmus.alerting.handlers.reports import Reports
from isthmus.alerting.handlers.timers import Timers
from isthmus.alerting.settings import Settings
from isthmus.runtime.app import Application
from isthmus.runtime.errors import IsthmusError
from isthmus.runtime.store import Outbox, connect, ping
from isthmus.telemetry.v1.report_pb2 import Report

log = structlog.get_logger()
SERVICE = "alerting"


def build(settings: Settings) -> Application:
    """The service, ready to run."""
    app = Application(
        SERVICE, settings, description="Judges reports by rules and keeps the state of each alarm."
    )
    metrics = AlertingMetrics(app.registry)
    rules = _rules(settings, metrics)
    database = connect(settings.store)
    alarms, sources = mongo.Alarms(database.alarms), mongo.Sources(database.sources)
    outbox = Outbox(database.alarms, app.publisher)
    assets = Assets()
    owned = Owned(alarms, sources, utc_now)
    ledger = Ledger(alarms, written=outbox.wake, transitioned=partial(_count, metrics))
    reports = Reports(owned, ledger, assets, rules, sources, utc_now)
    timers = Timers(owned, ledger, assets, rules, utc_now)
    metrics.open.set_function(lambda: sum(p.opened for p in owned.loaded))
    metrics.sources.set_function(lambda: sum(len(p.sources) for p in owned.loaded))

    app.resource(_prepared(alarms, sources, outbox))
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
        reports.handle,
        required=("id", "site", "target", "observed_at"),
        listener=owned,
    )
    app.http.include_router(routes(alarms, ledger, utc_now))
    return app


def _rules(settings: Settings, metrics: AlertingMetrics) -> RuleBook:
    folder = settings.rules.folder
    if folder is not None and not folder.is_dir():
        raise SystemExit(
            f"settings:\n  ISTHMUS_RULES__FOLDER: {str(folder)!r}: expected a folder that is there"
        )
    loaded = load(folder)
    for mistake in loaded.mistakes:
        log.error("rule_refused", reason=mistake)
    metrics.rules.labels("in_force").set(len(loaded.rules))
    metrics.rules.labels("refused").set(len(loaded.mistakes))
    return RuleBook(loaded.rules)


def _count(metrics: AlertingMetrics, alarm: Alarm, transition: Transition) -> None:
    metrics.transitions.labels(alarm.rule, alarm.priority, transition.kind.value).inc()


@asynccontextmanager
async def _prepared(
    alarms: mongo.Alarms, sources: mongo.Sources, outbox: Outbox
) -> AsyncIterator[None]:
    try:
        await alarms.prepare()
        await sources.prepare()
        await outbox.prepare()
    except IsthmusError as error:
        raise IsthmusError(f"{error}; start the store or mend ISTHMUS_STORE__URI") from error
    yield
