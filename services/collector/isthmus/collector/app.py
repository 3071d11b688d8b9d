"""The collector, wired."""

from isthmus.collector.adapters import endpoint
from isthmus.collector.adapters.credentials import CredentialsFile
from isthmus.collector.adapters.kafka import HeartbeatFence, TargetTopic
from isthmus.collector.adapters.profiles import ProfileFolder
from isthmus.collector.adapters.prometheus import CollectorMetrics
from isthmus.collector.handlers.observations import Outbound
from isthmus.collector.handlers.polling import Engine
from isthmus.collector.handlers.targets import Targets
from isthmus.collector.settings import Settings
from isthmus.runtime.app import Application


def build(settings: Settings) -> Application:
    """The application of one collector process."""
    app = Application("collector", settings, description="Reads the devices of one site.")
    own = settings.collector
    measure = CollectorMetrics(app.registry)
    outbound = Outbound(app.publisher, measure, records_max=own.unpublished_records_max)
    fence = HeartbeatFence(settings.kafka.session_timeout_s)
    engine = Engine(outbound.put, fence, measure, polls_max=own.polls_max)
    targets = Targets(
        own.site,
        own.name,
        engine,
        endpoint,
        profiles=ProfileFolder(),
        credentials=CredentialsFile(settings.credentials.file),
        put=outbound.put,
    )
    topic = TargetTopic(settings.kafka, own.site, own.name, targets, fence)
    app.resource(outbound)
    app.resource(topic)
    app.background("targets", topic.run)
    app.background("polls", engine.run)
    app.background("observations", outbound.run)
    app.check("targets", topic.check)
    return app
