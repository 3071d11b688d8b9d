"""Host names that are followed."""

import asyncio

from tests.name_server import NameServer
from tests.virtual_time import virtual_time

from isthmus.collector.handlers.names import AT_ONCE, RESOLVED_S, UNRESOLVED_S, HostNames


@virtual_time
async def test_a_name_is_asked_for_again_while_it_is_followed() -> None:
    """Every minute; sooner while nobody can say; not at all once nobody wants it."""
    server, news = NameServer({"plc": {"127.0.0.7"}}, away=True), list[set[str]]()
    wanted = ["plc"]
    hosts = HostNames(server.resolve, asyncio.get_running_loop().time)
    following = asyncio.create_task(hosts.follow(lambda: wanted, news.append))
    await asyncio.sleep(1)
    assert hosts.addresses("plc") is None
    server.away = False
    await asyncio.sleep(UNRESOLVED_S)
    assert hosts.addresses("plc") == {"127.0.0.7"}
    await asyncio.sleep(RESOLVED_S)
    assert (len(server.asked), news) == (3, [{"plc"}])
    wanted.clear()
    await asyncio.sleep(RESOLVED_S)
    assert hosts.addresses("plc") is None
    await asyncio.sleep(10 * RESOLVED_S)
    assert len(server.asked) == 3
    following.cancel()


@virtual_time
async def test_a_name_that_loses_its_address_keeps_the_last_one() -> None:
    """A device is no stranger because somebody edits a zone file; a new address is news."""
    server, news = NameServer({"plc": {"127.0.0.7"}}), list[set[str]]()
    hosts = HostNames(server.resolve, asyncio.get_running_loop().time)
    following = asyncio.create_task(hosts.follow(lambda: ["plc", "gone"], news.append))
    await asyncio.sleep(1)
    assert hosts.addresses("gone") == ()
    del server.known["plc"]
    await asyncio.sleep(RESOLVED_S)
    assert hosts.addresses("plc") == {"127.0.0.7"}
    server.known["plc"] = {"127.0.0.8"}
    await asyncio.sleep(RESOLVED_S)
    assert hosts.addresses("plc") == {"127.0.0.8"}
    assert news == [{"gone", "plc"}, {"plc"}]
    following.cancel()


@virtual_time
async def test_a_site_of_names_does_not_flood_its_name_server() -> None:
    """A bounded number at once, and what comes meanwhile is asked for soon."""
    waiting = most = 0

    async def resolve(name: str) -> set[str]:
        nonlocal waiting, most
        waiting += 1
        most = max(most, waiting)
        await asyncio.sleep(0.01)
        waiting -= 1
        return {"127.0.0.1"}

    names = [f"plc-{number}" for number in range(10 * AT_ONCE)]
    hosts = HostNames(resolve, asyncio.get_running_loop().time)
    following = asyncio.create_task(hosts.follow(lambda: names, lambda changed: None))
    await asyncio.sleep(0.05)
    names.append("late")
    hosts.want()
    await asyncio.sleep(1)
    assert most == AT_ONCE
    assert hosts.addresses("late") == {"127.0.0.1"}
    following.cancel()
