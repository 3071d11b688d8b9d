"""The inventory's API as strangers meet it: what is written down of it is what it does."""

import asyncio
import functools
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from tests.served import Served, served

from isthmus.runtime.access import Role
from isthmus.runtime.guard import is_open
from isthmus.runtime.openapi import operations

pytestmark = pytest.mark.asyncio(loop_scope="module")
HERE = Path(__file__).parent
API = HERE.parents[1] / "docs" / "api" / "inventory.openapi.json"
TOOLS = Path(sys.executable).parent
EXAMPLES = os.environ.get("ISTHMUS_TEST_API_EXAMPLES", "1")
"""Examples an operation that schemathesis makes up; 200 takes an hour."""
ENDLESS = "/v1/changes/stream"
PLACES = {"site": "hagen", "zone": "hagen", "date": "2026-03-01", "field": "owner"}
ANYBODY = "/v1/me"
# The least role of each operation; a viewer of GET, else this.
OPERATORS = re.compile(r"PATCH /v1/assets/|\w+ /v1/(views|maintenance|relations)\b(?!-plans)")
ADMINS = re.compile(
    r"\w+ /v1/(api-keys|tenants|audit)\b|(PUT|DELETE) /v1/(precedence|custom-fields)\b"
)
ENGINEERS = re.compile(
    r"\w+ /v1/(targets|zones|discoveries|conflicts|contracts|maintenance-plans"
    r"|exchange-rates|import-mappings|imports)\b|POST /v1/assets/"
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(
    kafka: str, mongodb: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    """The inventory, empty."""
    async with served(kafka, mongodb, tmp_path_factory.mktemp("api")) as running:
        yield running


@functools.cache
def client(api: Served, *roles: str) -> httpx.AsyncClient:
    """Somebody with these roles."""
    shown = {"Authorization": f"Bearer {api.token(*roles)}"}
    return httpx.AsyncClient(base_url=api.url, headers=shown, timeout=20)


@pytest.mark.timeout(14_400)
async def test_schemathesis_finds_nothing(api: Served, tmp_path: Path) -> None:
    """No 5xx, every answer as described, what is not allowed refused, nothing without a token."""
    shown = f"Authorization: Bearer {api.token('admin@*')}"
    process = await asyncio.create_subprocess_exec(
        TOOLS / "st", "--config-file", HERE / "schemathesis.toml",
        "run", f"{api.url}/openapi.json", "--header", shown, "--checks", "all",
        "--phases", _phases(), "--max-examples", EXAMPLES, "--workers", "2",
        "--exclude-path", ENDLESS, "--seed", "1", "--suppress-health-check", "all",
        "--generation-database", "none", "--warnings", "off", "--no-color",
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()

    assert process.returncode == 0, said.decode()[-8000:]


def _phases() -> str:
    """Each operation's own example and a few of all kinds; the whole of it when more are asked."""
    return "examples,fuzzing" if EXAMPLES == "1" else "examples,coverage,fuzzing,stateful"


def least(place: str) -> Role | None:
    """The rule of an operation; None when there is none."""
    for rule, role in (
        (ADMINS, Role.ADMIN),
        (OPERATORS, Role.OPERATOR),
        (ENGINEERS, Role.ENGINEER),
    ):
        reads = place.startswith("GET") and role is not Role.ADMIN
        if not reads and rule.match(place):
            return role
    return Role.VIEWER if place.startswith("GET") else None


async def test_each_role_may_what_the_rules_say_and_no_more(api: Served) -> None:
    """Every operation, asked with every role and with none; one without a rule fails."""
    document = (await client(api).get("/openapi.json")).json()
    wrong = []
    for path, method, operation in _guarded(document):
        place = f"{method.upper()} {path}"
        needed = least(place)
        assert needed, f"{place}: no rule says who may"
        for role in (None, *Role):
            status, detail = await _ask(api, document, place, operation, role and f"{role}@*")
            refused = status == 403 and detail.startswith("needs the role")
            if refused != (path != ANYBODY and (role is None or not role.includes(needed))):
                wrong.append((place, role, status, detail))

    assert wrong == []


async def test_nobody_writes_on_a_site_of_others(api: Served) -> None:
    """Whatever names a site: who is engineer of another one changes nothing there."""
    document = (await client(api).get("/openapi.json")).json()
    wrong = []
    for path, method, operation in _guarded(document):
        if method == "get" or not {"{site}", "{zone}"} & set(re.findall(r"{\w+}", path)):
            continue
        place = f"{method.upper()} {path}"
        status, _ = await _ask(api, document, place, operation, f"{least(place)}@lyon")
        if status != 404:
            wrong.append((place, status))

    assert wrong == []


async def test_nothing_is_answered_without_a_credential(api: Served) -> None:
    """And the refusal is a problem that says how to show one."""
    document = (await client(api).get("/openapi.json")).json()
    async with httpx.AsyncClient(base_url=api.url) as nobody:
        for path, method, _ in _guarded(document):
            reply = await nobody.request(method, _url(path))
            assert (reply.status_code, reply.json()["status"]) == (401, 401)
            assert reply.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "says"),
    [
        ("GET", "/v1/nothing", {}, 404, "/v1/nothing"),
        ("TRACE", "/v1/targets", {}, 405, "expected GET, POST"),
        ("POST", "/v1/targets", {"content": "{", "headers": {"content-type": "application/json"}},
         422, "body"),
        ("POST", "/v1/targets", {"content": "a=1", "headers": {"content-type": "text/plain"}},
         415, "content-type"),
        ("POST", "/v1/targets", {"json": {"site": "x" * 5_000_000}}, 413, "4,194,304"),
        ("GET", "/v1/targets?limit=0", {}, 422, "limit"),
    ],
)  # fmt: skip
async def test_whatever_is_wrong_is_a_problem(
    api: Served, method: str, path: str, more: dict[str, Any], status: int, says: str
) -> None:
    """RFC 9457, naming what is at fault."""
    reply = await client(api, "admin@*").request(method, path, **more)

    assert reply.headers["content-type"] == "application/problem+json"
    assert (reply.status_code, reply.json()["status"]) == (status, status)
    assert says in reply.text


def _guarded(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, method, operation in operations(document):
        if not is_open(path) and path != ENDLESS:
            yield path, method, operation


async def _ask(
    api: Served, document: dict[str, Any], place: str, operation: dict[str, Any], role: str | None
) -> tuple[int, str]:
    method, path = place.split()
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    body = {"json": _example(schema, document)} if schema else {}
    required = {
        p["name"]: _example(
            p["schema"] | {"examples": [p["example"]] if "example" in p else []}, document
        )
        for p in operation.get("parameters", ())
        if p["in"] == "query" and p.get("required")
    }
    who = client(api, *([role] if role else []))
    reply = await who.request(method, _url(path), params=required, **body)
    return reply.status_code, "" if reply.status_code < 400 else reply.json()["detail"]


def _url(path: str) -> str:
    return re.sub(r"{(\w+)}", lambda found: PLACES.get(found[1], "nobody"), path)


def _example(schema: dict[str, Any], document: dict[str, Any]) -> Any:
    """A value that fits `schema`, as its examples say."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    if "properties" in schema:
        needed = schema.get("required", ())
        return {name: _example(schema["properties"][name], document) for name in needed}
    if "anyOf" in schema:
        return _example(schema["anyOf"][0], document)
    kinds = {"string": "x", "integer": 1, "number": 1, "boolean": False, "object": {}, "array": []}
    return kinds.get(schema.get("type", ""))
