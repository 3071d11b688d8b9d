"""Golden cases: an Observation, the reports that must come of it, and where it is from."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict

from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.handlers.reports import TOPIC, Handler
from isthmus.runtime.codec import Record
from isthmus.runtime.consume import Batch
from isthmus.telemetry.v1.observation_pb2 import Observation
from isthmus.telemetry.v1.report_pb2 import Report


class Nothing:
    """Counts nothing."""

    def reported(self, reachability: str, count: int) -> None:
        """Not here."""

    def unrecognised(self, attribute: str) -> None:
        """Not here."""

    def doubted(self, quality: str, count: int) -> None:
        """Not here."""


def files(normalizer: Normalizer, message: Observation, origin: str) -> Mapping[str, str]:
    """The files of a case by name."""
    return {
        "observation.json": _json(MessageToDict(message, preserving_proto_field_name=True)),
        "report.json": _json(reported(normalizer, message)),
        "origin.txt": f"{origin}\n",
    }


def reported(normalizer: Normalizer, message: Observation) -> dict[str, Any]:
    """What the normaliser makes of an Observation: its reports, or why it rejects it."""
    record = Record(message, "case", "observations", 0, 0, None)
    batch = Batch([record])
    outgoing = asyncio.run(Handler(normalizer, Nothing())(batch))
    if batch.rejected:
        return {"rejected": str(next(iter(batch.rejected.values())))}
    reports = [Report.FromString(r.value or b"") for r in outgoing if r.topic == TOPIC]
    for report in reports:
        report.ClearField("catalog")  # it is another one after each change of any rule
        report.ClearField("collector")  # who read it, and for which slot, no rule decides
        report.ClearField("slot_at")
    return {"reports": [MessageToDict(r, preserving_proto_field_name=True) for r in reports]}


def _json(document: Any) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
