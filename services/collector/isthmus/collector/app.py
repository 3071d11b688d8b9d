"""The collector, wired."""

from collections.abc import Mapping

from isthmus.collector.adapters import endpoint
from isthmus.collector.adapters.credentials import CredentialsFile
from isthmus.collector.adapters.files import FolderLock, SiteFile, SoleOwner
from isthmus.collector.adapters.identification import Identifier
from isthmus.collector.adapters.kafka import HeartbeatFence, TargetTopic, WholeTopic
from isthmus.collector.adapters.profiles import ProfileFolder, shipped
from isthmus.collector.adapters.prometheus import (
    CollectorMetrics,
    NotificationMetrics,
    SpoolMetrics,
)
from isthmus.collector.adapters.resolver import resolve
from isthmus.collector.adapters.snmp.traps import TrapReceiver
from isthmus.collector.adapters.spool import MemorySpool, SqliteSpool
from isthmus.collector.adapters.watchdog import Watchdog
from isthmus.collector.api import routes
from isthmus.collector.handlers.desired import DesiredFile
from isthmus.collector.handlers.discovery import Discovery
from isthmus.collector.handlers.occupied import OccupiedHosts
from isthmus.collector.handlers.outbound import Outbound
from isthmus.collector.handlers.polling import Engine
from isthmus.collector.handlers.targets import Targets
from isthmus.collector.handlers.traps import Traps
from isthmus.collector.handlers.zones import Zones
from isthmus.collector.ports import Owner
from isthmus.collector.settings import Settings, words
from isthmus.runtime.app import Application
from isthmus.runtime.settings import load


def build(settings: Settings) -> Application:
    """The application of one collector process."""
    edge = settings.targets.file is not None
    app = Application(
        "collector",
        settings,
        description="Reads the devices of one site.",
        kafka_may_wait=edge,
    )
    own = settings.collector
    measure = CollectorMetrics(app.registry)
    measure.stands(own.site, own.name)
    outbound = _outbound(app, settings)
    fence = HeartbeatFence(settings.kafka.session_timeout_s)
    engine = Engine(
        outbound.put,
        SoleOwner() if edge else fence,
        measure,
        resolve=resolve,
        polls_max=own.polls_max,
        touches_interval_s=own.touches_interval_s,
    )
    credentials = CredentialsFile(settings.credentials.file)
    targets = Targets(
        own.site,
        own.name,
        engine,
        endpoint,
        profiles=ProfileFolder(settings.profiles.folder, shipped()),
        credentials=credentials,
        put=outbound.put,
    )
    rules = Zones(own.site, engine.govern, outbound.put)
    traps = _traps(app, settings, outbound)
    if edge:
        _from_file(app, settings, targets, rules, traps)
    else:
        jobs = _discovery(app, settings, engine, outbound, credentials)
        _from_kafka(app, settings, targets, rules, fence, jobs)
        if traps is not None:
            _senders(app, settings, traps)
    if traps is not None:
        _receiver(app, settings, credentials, traps)  # who may send is known by then
    app.background("touches", engine.ledger.run)
    app.background("polls", engine.run)
    app.background("host names", engine.follow_names)
    app.background("observations", outbound.run)
    routes.serve(app.http, engine.status, engine.statuses)
    return app


def serve() -> None:
    """Run the collector until SIGTERM."""
    build(load(Settings)).run()


def _from_kafka(
    app: Application,
    settings: Settings,
    targets: Targets,
    rules: Zones,
    fence: HeartbeatFence,
    jobs: Mapping[str, Owner],
) -> None:
    """Targets and rules are on topics; a group shares the targets, and one has the jobs."""
    site, name = settings.collector.site, settings.collector.name
    topic = TargetTopic(
        settings.kafka, site, name, targets, fence, jobs,
        rebalanced=lambda topic: app.metrics.rebalances.labels(topic).inc(),
    )  # fmt: skip
    zones = WholeTopic(settings.kafka, f"inventory.zones.{site}.v1", name, rules)
    app.resource(zones)  # before the targets: nothing is polled before its rules are known
    app.resource(topic)
    app.background("zones", zones.run)
    app.background("targets", topic.run)
    app.background("watchdog", Watchdog(settings.kafka.session_timeout_s).run)
    app.check("targets", topic.check)


def _discovery(
    app: Application,
    settings: Settings,
    engine: Engine,
    outbound: Outbound,
    credentials: CredentialsFile,
) -> Mapping[str, Owner]:
    """Who runs the site's discovery jobs, by topic; nobody here unless the settings allow it."""
    own = settings.collector
    if not own.discovery:
        return {}
    occupied = OccupiedHosts(resolve)
    targets = WholeTopic(settings.kafka, f"inventory.targets.{own.site}.v1", own.name, occupied)
    discovery = Discovery(
        own.site, own.name, engine, Identifier(credentials), occupied, put=outbound.put
    )
    app.resource(targets)  # before the jobs: no host is asked before all targets are known
    app.background("occupied", targets.run)
    app.background("discovery", discovery.run)
    return {f"inventory.discoveries.{own.site}.v1": discovery}


def _traps(app: Application, settings: Settings, outbound: Outbound) -> Traps | None:
    """What becomes of traps and informs; None without a port."""
    own, traps = settings.collector, settings.traps
    if traps.port is None:
        return None
    hears = Traps(
        own.site,
        own.name,
        endpoint,
        outbound.put,
        NotificationMetrics(app.registry),
        resolve=resolve,
        sources=words(traps.sources),
        rate_per_s=traps.rate_per_s,
        burst_max=traps.burst_max,
    )
    app.background("sender names", hears.run)
    return hears


def _senders(app: Application, settings: Settings, traps: Traps) -> None:
    """Every target of the site may send, whoever polls it: each collector reads all of them."""
    own = settings.collector
    senders = WholeTopic(settings.kafka, f"inventory.targets.{own.site}.v1", own.name, traps)
    app.resource(senders)
    app.background("senders", senders.run)


def _receiver(
    app: Application, settings: Settings, credentials: CredentialsFile, hears: Traps
) -> None:
    """The socket that traps and informs come to."""
    own, traps = settings.collector, settings.traps
    assert traps.port is not None
    receiver = TrapReceiver(
        traps.host,
        traps.port,
        f"{own.site}/{own.name}",
        names=words(traps.credentials),
        credentials=credentials,
        hears=hears,
    )
    app.resource(receiver)


def _from_file(
    app: Application, settings: Settings, targets: Targets, rules: Zones, traps: Traps | None
) -> None:
    """Targets and rules are in a file that this process alone reads."""
    assert settings.targets.file is not None
    if settings.spool.folder is None:
        needs = "ISTHMUS_TARGETS__FILE needs it, for its lock and for what is read without Kafka"
        raise SystemExit(f"settings:\n  ISTHMUS_SPOOL__FOLDER: missing; {needs}")
    desired = DesiredFile(settings.collector.site, targets, rules, traps)
    file = SiteFile(settings.targets.file, desired.take, desired.release)
    app.resource(file)
    app.background("targets", file.run)


def _outbound(app: Application, settings: Settings) -> Outbound:
    """The way to Kafka, which is left after everything that may still put records."""
    records_max, spooling = settings.collector.unpublished_records_max, settings.spool
    measure = SpoolMetrics(app.registry)
    spool: MemorySpool | SqliteSpool = MemorySpool(measure, records_max=records_max)
    if spooling.folder is not None:
        spool = SqliteSpool(
            spooling.folder,
            measure,
            bytes_max=spooling.max_mb * 1_000_000,
            age_max_s=spooling.max_age_s,
        )
        app.resource(FolderLock(spooling.folder))
        app.resource(spool)
    outbound = Outbound(
        app.publisher,
        spool,
        measure,
        records_max=records_max,
        replay_records_per_s=spooling.replay_records_per_s,
    )
    app.resource(outbound)
    return outbound
