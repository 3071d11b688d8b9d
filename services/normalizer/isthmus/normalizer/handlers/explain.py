"""What the catalogue makes of one observation, rule by rule."""

from collections.abc import Iterator

from google.protobuf.json_format import Parse, ParseError

from isthmus.normalizer.domain.attributes import Recognised
from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.domain.report import Attribute, Metrics, Quality, Report
from isthmus.normalizer.handlers.observations import observation, source_name
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1.observation_pb2 import Observation


def parse(text: str) -> Observation:
    """An Observation as protobuf JSON; raises Rejected."""
    try:
        return Parse(text, Observation())
    except ParseError as error:
        raise Rejected(f"observation: {error}") from None


def explain(normalizer: Normalizer, message: Observation) -> Iterator[str]:
    """The reports of an Observation, a line for each decision and the rule behind it.

    Raises Rejected, as the service would, when it means nothing.
    """
    seen = observation(message)
    yield f"catalogue {normalizer.catalog.fingerprint}"
    for report in normalizer.reports(seen):
        yield source_name(message, report.device)
        for device in seen.devices:
            if device.path == report.device and report.identity.attributes:
                yield from _families(normalizer.evidence(seen, device))
        yield from _lines(report)


def _families(found: Recognised) -> Iterator[str]:
    for hit in found.hits:
        words = ", ".join(f"{name}={text[:60]!r}" for name, text in hit.evidence.items())
        yield f"  family {hit.family.name} by {hit.rank.name.lower()}: {words}"


def _lines(report: Report) -> Iterator[str]:
    yield f"  reachability {report.reachability.value}  {report.reachability_reason}".rstrip()
    yield f"  health {report.health.name.lower()}  {report.health_reason}".rstrip()
    relation = report.identity.relation
    if relation is not None:
        yield f"  {relation.kind.value} {relation.device or 'the endpoint'} at {relation.position}"
    for key in report.identity.keys:
        yield f"  key {key.tier.name.lower()} {key.scope}|{key.kind}|{key.value}"
    for each in report.identity.attributes:
        yield f"  {_attribute(each)}"
    for each in report.identity.alternatives:
        yield f"  not {_attribute(each)}"
    for name in report.identity.unrecognised:
        yield f"  {name} not recognised"
    yield from _metrics(report.metrics)
    for seen in report.sightings:
        words = (seen.kind.value, seen.port, seen.mac, seen.address, seen.name, seen.remote_port)
        yield "  seen " + " ".join(filter(None, words))


def _attribute(each: Attribute) -> str:
    order = f", sorts as {each.order}" if each.order else ""
    raw = f" <- {each.raw!r}" if each.raw else ""
    return f"{each.name} {each.value!r}{raw} by {each.rule} ({each.confidence:.2f}{order})"


def _metrics(metrics: Metrics) -> Iterator[str]:
    qualities = metrics.qualities or (Quality.GOOD,) * len(metrics.names)
    columns = zip(metrics.names, metrics.values, metrics.units, qualities, strict=True)
    for name, value, unit, quality in columns:
        doubt = "" if quality is Quality.GOOD else f" ({quality.name.lower()})"
        yield f"  metric {name} {value:g} {unit}{doubt}"
