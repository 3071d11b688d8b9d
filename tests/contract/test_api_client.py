"""A client that a generator made of the description works: nobody has to write one by hand."""

import asyncio
import importlib
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import pytest_asyncio
from tests.served import Served, served

pytestmark = pytest.mark.asyncio(loop_scope="module")
HERE = Path(__file__).parent
PACKAGE = "isthmus_generated_client"
CONTRACT = {
    "kind": "maintenance", "supplier": "Elektro Grossmann", "start": "2026-01-01",
    "amount": "1200.10", "currency": "EUR", "period": "year", "site": "hagen",
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(
    kafka: str, mongodb: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    """The inventory, empty."""
    async with served(kafka, mongodb, tmp_path_factory.mktemp("api")) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def generated(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ModuleType]:
    """The client, generated without a warning, and imported."""
    folder = tmp_path_factory.mktemp("client")
    document = HERE.parents[1] / "docs" / "api" / "inventory.openapi.json"
    command: list[str | Path] = [
        Path(sys.executable).parent / "openapi-python-client", "generate", "--meta", "none",
        "--path", document, "--config", HERE / "openapi-python-client.yaml",
        "--output-path", folder / PACKAGE, "--fail-on-warning",
    ]  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    sys.path.insert(0, str(folder))
    yield importlib.import_module(PACKAGE)
    sys.path.remove(str(folder))
    for name in [each for each in sys.modules if each.split(".")[0] == PACKAGE]:
        del sys.modules[name]


async def call(client: Any, operation: str, *path: str, **more: Any) -> Any:
    """What an operation of the client answers, with status and headers."""
    module = importlib.import_module(f"{PACKAGE}.api.{operation}")
    return await module.asyncio_detailed(*path, client=client, **more)


def model(name: str, **said: Any) -> Any:
    """A model of the client."""
    return getattr(importlib.import_module(f"{PACKAGE}.models"), name).from_dict(said)


async def test_a_generated_client_lists_writes_and_understands_problems(
    api: Served, generated: ModuleType
) -> None:
    """Pages, conditions, keys, money as text, and a problem that names the field."""
    client = generated.AuthenticatedClient(api.url, token=api.token("admin@*"))
    body = model("ContractIn", **CONTRACT)
    made = await call(client, "books.post_contracts", body=body, idempotency_key="k1")
    again = await call(client, "books.post_contracts", body=body, idempotency_key="k1")
    second = await call(client, "books.post_contracts", body=body, idempotency_key="k2")
    page = (await call(client, "books.get_contracts", limit=1)).parsed
    rest = (await call(client, "books.get_contracts", limit=1, cursor=page.next_)).parsed
    one = await call(client, "books.get_contracts_id", made.parsed.id)
    changed = model("ContractIn", **CONTRACT, note="24/7")
    put = [
        await call(client, "books.put_contracts_id", made.parsed.id, body=changed, if_match=tag)
        for tag in (one.headers["ETag"], one.headers["ETag"])
    ]
    wrong = await call(
        client, "books.post_contracts", body=model("ContractIn", **CONTRACT | {"amount": "many"})
    )

    assert (made.status_code, made.parsed.amount) == (201, "1200.10")
    assert again.parsed == made.parsed
    assert {page.items[0].id, rest.items[0].id} == {made.parsed.id, second.parsed.id}
    assert [each.status_code for each in put] == [200, 412]
    assert (wrong.status_code, wrong.parsed.fields[0]["field"]) == (422, "amount")


async def test_a_generated_client_curates_a_zone(api: Served, generated: ModuleType) -> None:
    """What has no revision of its own is edited on the same condition."""
    client = generated.AuthenticatedClient(api.url, token=api.token("engineer@hagen"))
    rules = model("ZoneIn", do_not_poll=["127.21.0.99"])
    made = await call(client, "zones.put_zones_zone", "hagen", body=rules)
    read = await call(client, "zones.get_zones_zone", "hagen")
    more = model("ZoneIn", do_not_poll=[])
    late = '"0000000000000000"'
    old = await call(client, "zones.patch_zones_zone", "hagen", body=more, if_match=late)
    new = await call(
        client, "zones.patch_zones_zone", "hagen", body=more, if_match=read.headers["ETag"]
    )

    assert made.headers["ETag"] == read.headers["ETag"]
    assert (old.status_code, new.status_code) == (412, 200)
    assert new.parsed.updated_by == "mara"


async def test_of_writers_at_once_on_one_condition_one_writes(
    api: Served, generated: ModuleType
) -> None:
    """Nothing comes between the look and the write."""
    client = generated.AuthenticatedClient(api.url, token=api.token("admin@*"))
    await call(client, "access.put_tenants_name", "nordwerk", body=model("TenantIn", sites=[]))
    tag = (await call(client, "access.get_tenants_name", "nordwerk")).headers["ETag"]
    wanted = [model("TenantIn", sites=[f"site-{number}"]) for number in range(8)]
    replies = await asyncio.gather(
        *(call(client, "access.put_tenants_name", "nordwerk", body=b, if_match=tag) for b in wanted)
    )

    assert sorted(int(each.status_code) for each in replies).count(200) == 1
    assert {int(each.status_code) for each in replies} <= {200, 409, 412}
