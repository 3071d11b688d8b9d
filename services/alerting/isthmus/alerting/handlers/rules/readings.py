"""Reports as rules see them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from google.protobuf.json_format import ParseDict, ParseError

from isthmus.alerting.domain.rules.reading import UNKNOWN, Reading
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1 import report_pb2 as reports

REPORTS = "normalizer.reports.v1"


def _words(enum: type[reports.Health] | type[reports.Reachability], prefix: str) -> dict[int, str]:
    """The words of a protobuf enum in the platform's texts."""
    words = {number: name.removeprefix(prefix).lower() for name, number in enum.items()}
    return words | {0: UNKNOWN}


HEALTH = _words(reports.Health, "HEALTH_")
REACHABILITY = _words(reports.Reachability, "REACHABILITY_")
# What its device answers for; what stands behind a gateway or a server is asked by itself.
PARTS = frozenset(
    {
        reports.RELATION_KIND_PART_OF,
        reports.RELATION_KIND_PERIPHERAL_OF,
        reports.RELATION_KIND_INSTALLED_ON,
    }
)


def reading(report: reports.Report) -> Reading:
    """What rules need of `report`; raises Rejected when its columns are not side by side."""
    metric, value, unit, bad = _measured(report)
    device = f"/{report.device}" if report.device else ""
    return Reading(
        source=f"{report.site}/{report.target}{device}",
        site=report.site,
        path=report.path,
        at=observed_at(report),
        interval_s=report.interval_s,
        # A word that a newer normalizer added says nothing to the rules of this version.
        reachability=REACHABILITY.get(report.reachability, UNKNOWN),
        reachability_reason=report.reachability_reason,
        health=HEALTH.get(report.health, UNKNOWN),
        health_reason=report.health_reason,
        part=report.relation.kind in PARTS,
        attributes={attribute.name: attribute.value for attribute in report.attributes},
        metric=metric,
        value=value,
        unit=unit,
        bad=bad,
    )


def recorded(content: Any) -> Reading:
    """The reading of a report in protobuf JSON; raises ValueError."""
    try:
        return reading(ParseDict(content, reports.Report()))
    except (ParseError, Rejected) as error:
        raise ValueError(" ".join(str(error).split())) from error


Columns = tuple[Sequence[str], Sequence[float], Sequence[str], Sequence[str]]


def _measured(report: reports.Report) -> Columns:
    """The columns of `report`, of good values only, and the metrics that are not good.

    A value that is bad or uncertain is no measurement: it raises nothing and clears nothing; an
    alarm that is raised stays as it is.
    """
    metric, value, unit, quality = report.metric, report.value, report.unit, report.quality
    if not len(metric) == len(value) == len(unit):
        raise Rejected(
            f"isthmus.telemetry.v1.Report.value: {len(value)} values and "
            f"{len(unit)} units, expected {len(metric)}, one for each metric"
        )
    if not quality:
        return metric, value, unit, ()
    if len(quality) != len(value):
        raise Rejected(
            f"isthmus.telemetry.v1.Report.quality: {len(quality)} entries, "
            f"expected {len(value)}, one for each value, or none"
        )
    good = [at for at, each in enumerate(quality) if each == reports.QUALITY_GOOD]
    bad = [metric[at] for at, each in enumerate(quality) if each != reports.QUALITY_GOOD]
    return (
        [metric[at] for at in good],
        [value[at] for at in good],
        [unit[at] for at in good],
        bad,
    )


def observed_at(report: reports.Report) -> datetime:
    """When it was, as the store keeps it: BSON dates have milliseconds, and a replay compares."""
    stamp = report.observed_at
    return datetime.fromtimestamp(stamp.seconds + stamp.nanos // 1_000_000 / 1000, UTC)
