"""What the page on following changes shows is what the routes answer."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from tests.access import sign_in
from tests.unit.inventory.domain.world import report, serial
from tests.unit.inventory.memory import Service

from isthmus.inventory.adapters.feed import trail
from isthmus.inventory.adapters.feed.prometheus import FeedMetrics
from isthmus.inventory.api.feed import changes as streams
from isthmus.inventory.api.feed.changes import serve_changes
from isthmus.inventory.api.feed.completeness import HEADER, serve_completeness
from isthmus.inventory.api.feed.observations import WITHIN_S, serve_observations
from isthmus.inventory.domain.assets.model import Said
from isthmus.inventory.domain.feed import completeness
from isthmus.inventory.domain.feed.completeness import Late, Watermark
from isthmus.inventory.domain.feed.tracing import Question, Stage, Step, Trace, Traced
from isthmus.inventory.handlers.feed import changes as following
from isthmus.inventory.handlers.feed.changes import Changes
from isthmus.runtime.http import api
from isthmus.runtime.registry import registry

PAGE = (Path(__file__).parents[2] / "docs" / "following-changes.md").read_text()
SIX = datetime(2026, 3, 1, 6, tzinfo=UTC)
EARLIER = datetime(2026, 3, 1, 9, 42, tzinfo=UTC)
ID = "0b3d7a52-9d0e-5f3c-8d0a-6f1c8e4b2a10"
SOURCE = "hagen/press-plc-1"
EXAMPLES = re.findall(r"```http\nGET (\S+)\n```\n\n```json\n(.*?)\n```", PAGE, re.S)
LATE_S = 30


class Known:
    """The site of the page, and the read of the page."""

    def marks(self, sites: frozenset[str] | None) -> list[Watermark]:
        late = Late(SOURCE, "collector-0", EARLIER)
        return [Watermark("hagen", EARLIER, EARLIER, 14, 1, (late,))]

    async def trace(self, question: Question, sites: frozenset[str] | None) -> Trace:
        assert question.source == SOURCE
        assert question.until - question.since == 2 * timedelta(seconds=WITHIN_S)
        change = {"id": "1", "kind": "changed", "field": "firmware", "before": "3", "after": "4",
                  "evidence": ""}  # fmt: skip
        step = Step(Stage.CHANGED, "it changed firmware of its asset")
        made = Traced("r", SOURCE, step, "a", [change])
        return Trace(ID, step, SOURCE, SIX, SIX, "collector-0", "ok", "", [made])


async def plant() -> tuple[FastAPI, Changes]:
    """The press of the page, whose firmware has changed, and the routes of the page."""
    service, known = Service(), Known()
    for second, firmware in ((0, "3"), (60, "4")):
        said = {"firmware": Said(firmware)}
        await service.take(report("press", second, serial("1"), attributes=said))
    changes = Changes(service.store, FeedMetrics(CollectorRegistry()))
    http = api("inventory", "")
    serve_changes(http, service.store, changes)
    serve_completeness(http, known)  # type: ignore[arg-type]
    serve_observations(http, known)  # type: ignore[arg-type]
    sign_in(http, "viewer@*")
    return http, changes


@pytest.mark.parametrize(("path", "shown"), EXAMPLES, ids=[path for path, _ in EXAMPLES])
async def test_each_call_of_the_page_answers_what_the_page_shows(path: str, shown: str) -> None:
    """What the page leaves out may be anything."""
    http, _ = await plant()
    transport = httpx.ASGITransport(http)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        reply = await client.get(path)

    assert reply.status_code == 200, reply.text
    assert shows(reply.json(), json.loads(shown)), reply.json()


def shows(found: Any, wanted: Any) -> bool:
    """Is all of `wanted` in `found`?"""
    if isinstance(wanted, dict):
        return all(name in found and shows(found[name], each) for name, each in wanted.items())
    if isinstance(wanted, list):
        pairs = zip(found, wanted, strict=False)
        return len(found) == len(wanted) and all(shows(f, w) for f, w in pairs)
    return bool(found == wanted)


def test_every_call_of_the_page_is_run() -> None:
    """But for the stream, which the program below it reads."""
    named = set(re.findall(r"```http\nGET (\S+)", PAGE))

    assert len(EXAMPLES) == 4
    assert named == {path for path, _ in EXAMPLES} | {"/v1/changes/stream"}


async def test_the_program_of_the_page_prints_what_happens(tmp_path: Path) -> None:
    """From where it is told to begin, as a client of a server on the wire."""
    http, changes = await plant()
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    async with served(http, changes) as url:
        file = tmp_path / "follow.py"
        text = program.replace("http://localhost:8003", url).replace("Bearer TOKEN", "Bearer x")
        file.write_text(text.replace('last_id = ""', 'last_id = "2019-01-01T00:00:00+00:00|"'))
        async with printing(file) as line:
            printed = [json.loads(await line()) for _ in range(2)]

    assert url not in program
    assert [each["revision"] for each in printed] == [1, 2]
    assert printed[1]["changes"][0]["after"] == "4"


@asynccontextmanager
async def served(http: FastAPI, changes: Changes) -> AsyncIterator[str]:
    """The routes on a port of their own."""
    server = uvicorn.Server(uvicorn.Config(http, port=0, log_config=None, lifespan="off"))
    serving, looking = asyncio.create_task(server.serve()), asyncio.create_task(changes.run())
    try:
        async with asyncio.timeout(LATE_S):
            while not server.started:
                await asyncio.sleep(0.01)
        host, port = server.servers[0].sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}"
    finally:
        looking.cancel()
        server.should_exit = True
        await asyncio.gather(serving, looking, return_exceptions=True)


@asynccontextmanager
async def printing(file: Path) -> AsyncIterator[Callable[[], Any]]:
    """A program while it runs; what is yielded waits for its next line."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(file), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield lambda: asyncio.wait_for(process.stdout.readline(), LATE_S)  # type: ignore[union-attr]
    finally:
        process.kill()
        await process.wait()


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    """Somebody plans by them."""
    assert following.WAITING_MAX == 1_000
    assert f"**Bounds.** {following.STREAMS_MAX} streams" in PAGE
    assert f"{following.STREAMS_OF_ONE_MAX} of one client" in PAGE
    assert f"After {following.HEARTBEAT_S:.0f} seconds without an event" in PAGE
    assert f"After {following.STREAM_MAX_S / 60:.0f} minutes the stream ends" in PAGE
    assert f"take nothing for {streams.SEND_MAX_S:.0f} seconds" in PAGE
    assert f"`within_s` seconds ({WITHIN_S}) before and after" in PAGE
    assert f"at most {trail.RECORDS_MAX:,} records" in PAGE
    assert trail.SECONDS_MAX == 10
    assert completeness.ALLOWANCE_MS == 30_000
    assert completeness.READS == 3
    assert f"`{HEADER}`" in PAGE
    hours = registry()["normalizer.reports.v1"].retention_hours
    assert hours is not None
    assert timedelta(milliseconds=completeness.GIVEN_UP_MS) == timedelta(hours=hours)
    assert timedelta(hours=hours) == timedelta(days=7)


def test_every_stage_of_an_observation_is_explained() -> None:
    """In a row of its own."""
    assert set(re.findall(r"^\| `([a-z]+)` \|", PAGE, re.M)) == set(Stage)
