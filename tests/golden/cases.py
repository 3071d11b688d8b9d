"""Golden cases: a folder with what was observed, and with what must be reported."""

import asyncio
import json
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict

from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.handlers import Handler
from isthmus.runtime.codec import Record
from isthmus.runtime.consume import Batch
from isthmus.telemetry.v1.observation_pb2 import Observation
from isthmus.telemetry.v1.report_pb2 import Report

FOLDER = Path(__file__).parent


class NoStatistics:
    """Counts nothing."""

    def reported(self, reachability: str, count: int) -> None: ...
    def unrecognised(self, attribute: str) -> None: ...
    def skipped(self, count: int) -> None: ...


def cases() -> list[str]:
    """The names of all cases."""
    return sorted(f.parent.name for f in FOLDER.glob("*/observation.json"))


def expected(case: str) -> dict[str, Any]:
    """What a case's `report.json` holds."""
    found: dict[str, Any] = json.loads((FOLDER / case / "report.json").read_text())
    return found


def made(case: str, normalizer: Normalizer) -> dict[str, Any]:
    """What the normaliser makes of a case: its reports, or why it rejects the observation."""
    observed = json.loads((FOLDER / case / "observation.json").read_text())
    record = Record(ParseDict(observed, Observation()), case, "observations", 0, 0, None)
    batch = Batch([record])
    outgoing = asyncio.run(Handler(normalizer, NoStatistics())(batch))
    if batch.rejected:
        return {"rejected": str(next(iter(batch.rejected.values())))}
    reports = [Report.FromString(made.value or b"") for made in outgoing]
    return {
        "reports": [MessageToDict(report, preserving_proto_field_name=True) for report in reports]
    }
