"""SNMP against simulated agents: what they say, and what goes wrong."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from isthmus.collector.adapters import endpoint as make
from isthmus.collector.adapters.credentials import CredentialsFile
from isthmus.collector.adapters.profiles import ProfileFolder
from isthmus.collector.adapters.snmp import Profile
from isthmus.collector.domain.envelope import Envelope
from isthmus.collector.domain.reading import Outcome
from isthmus.collector.domain.requests import Request
from isthmus.collector.handlers.line import OpenLine
from isthmus.collector.ports import Source, Withheld
from isthmus.simulators.devices import Library, SnmpDevice
from isthmus.simulators.fleet import Credential
from isthmus.simulators.snmp import SnmpAgent, SnmpSocket
from isthmus.simulators.snmp_v3 import SnmpV3Agent

MakeSource = Callable[..., Source]
GIVEN = {"name": "n1", "mac": "00:1b:0c:3a:10:01", "serial": "S1", "engine_id": "80001f8804abcdef"}


@dataclass
class Network:
    """Agents that end with the test."""

    library: Library
    sockets: list[Any] = field(default_factory=list)

    async def serve(self, name: str) -> tuple[SnmpAgent, int]:
        """An agent with the community `public`."""
        agent = SnmpAgent(*self._model(name), "public")
        socket = SnmpSocket("127.0.0.1", 0, [agent])
        await socket.start()
        self.sockets.append(socket)
        return agent, socket.port

    async def serve_v3(self, name: str) -> tuple[SnmpV3Agent, int]:
        """An agent with the user of the credential `v3`."""
        user = Credential(
            user="isthmus", auth_protocol="sha256", auth_key="auth-key-0001",
            priv_protocol="aes128", priv_key="priv-key-0001",
        )  # fmt: skip
        agent = SnmpV3Agent("127.0.0.1", 0, *self._model(name), user)
        await agent.start()
        self.sockets.append(agent)
        return agent, agent.port

    def _model(self, name: str) -> tuple[SnmpDevice, Any]:
        model = self.library.read(f"snmp/{name}", SnmpDevice)
        wanted: dict[str, Any] = {n: v for n, v in GIVEN.items() if n in model.values}
        return model, model.state(wanted, name)


@pytest.fixture
async def network(library: Library) -> AsyncIterator[Network]:
    """A network."""
    network = Network(library)
    yield network
    for socket in network.sockets:
        await socket.stop()


def endpoint(port: int, version: str = "2c", credential: str = "ro", **more: Any) -> dict[str, Any]:
    """The fields of an endpoint on this machine."""
    place = {"protocol": "snmp", "host": "127.0.0.1", "port": port, "request_timeout_s": 0.3}
    return {**place, "version": version, "credential": credential, **more}


async def test_a_switch_tells_who_it_is_and_how_it_is(network: Network, source: MakeSource) -> None:
    """Scalars without instance, table rows with their index, physical addresses in colons."""
    _, port = await network.serve("cisco-c9300")
    [said] = (await source("network", **endpoint(port)).read(OpenLine(), 0)).devices
    assert said.facts["sysName"] == "n1"
    assert said.facts["entPhysicalSerialNum.1"] == "S1"
    assert said.facts["ifPhysAddress.2"] == "00:1b:0c:3a:10:01"
    assert said.points["ifOperStatus.3"] == (2.0, "1")
    assert "entPhysicalFirmwareRev.1" not in said.facts, "an empty text is not known"


async def test_a_switch_names_its_neighbours(network: Network, source: MakeSource) -> None:
    """LLDP: rows by time mark, local port and neighbour; a chassis that is a MAC as a MAC."""
    _, port = await network.serve("hirschmann-brs40")
    [said] = (await source("network", **endpoint(port)).read(OpenLine(), 0)).devices
    assert said.facts["lldpLocChassisId"] == "00:1b:0c:3a:10:01"
    assert said.facts["lldpRemSysName.0.1.1"] == "hag-core-1"
    assert said.facts["lldpRemChassisId.0.1.1"] == "00:1b:0c:3a:10:01"
    assert said.facts["lldpRemPortId.0.1.1"] == "Gi1/0/12"


async def test_identity_is_asked_for_once_and_again_after_a_restart(
    network: Network, source: MakeSource
) -> None:
    """A later read of a switch is one GET; an uptime that went back makes it all be read again."""
    agent, port = await network.serve("cisco-c9300")
    agent.states[""]._born -= 10_000
    snmp = source("network", **endpoint(port))
    first = await snmp.read(OpenLine(), 1)
    began = agent.record.requests.total()
    second = await snmp.read(OpenLine(), 2)
    assert agent.record.requests.total() - began == 1
    assert second.devices[0].facts == first.devices[0].facts
    agent.states[""]._born += 10_000  # the clock of the device starts again
    await snmp.read(OpenLine(), 3)
    assert agent.record.requests.total() - began > began / 2
    assert agent.record.writes == 0


async def test_a_version_1_unit_gets_small_gets_only(network: Network, source: MakeSource) -> None:
    """An object that the unit lacks costs none of the others, and is asked for once."""
    agent, port = await network.serve("econolite-cobalt")
    snmp = source("ntcip-asc", **endpoint(port, "1"))
    [said] = (await snmp.read(OpenLine(), 0)).devices
    assert said.facts["moduleModel.1"] == "Cobalt"
    assert said.facts["sysDescr"] == "Econolite Cobalt EOS"
    assert said.points["unitFlashStatus"] == (2.0, "1")
    assert set(agent.record.requests) == {"Get"}
    asked = agent.record.requests["Get"]
    await snmp.read(OpenLine(), 0)
    assert agent.record.requests["Get"] == asked + 1


async def test_version_3_is_authenticated_and_encrypted(
    network: Network, source: MakeSource
) -> None:
    """The engine's id comes as hexadecimal digits."""
    agent, port = await network.serve_v3("net-snmp-linux")
    [said] = (await source("host", **endpoint(port, "3", "v3")).read(OpenLine(), 0)).devices
    assert said.facts["sysName"] == "n1"
    assert said.points["hrStorageAllocationUnits.1"] == (4096.0, "1")
    assert agent.record.writes == 0


async def test_a_refused_user_is_unauthorized(network: Network, source: MakeSource) -> None:
    """The agent reports a wrong key; the sentence holds no secret."""
    _, port = await network.serve_v3("net-snmp-linux")
    reading = await source("host", **endpoint(port, "3", "v3-wrong")).read(OpenLine(), 0)
    assert reading.outcome is Outcome.UNAUTHORIZED
    assert "auth-key" not in reading.error


async def test_an_unknown_credential_is_unauthorized(source: MakeSource) -> None:
    """Nothing is sent; the sentence names the credential."""
    reading = await source("network", **endpoint(1, credential="nobody")).read(OpenLine(), 0)
    assert reading.outcome is Outcome.UNAUTHORIZED
    assert "credential 'nobody'" in reading.error


async def test_a_wrong_community_is_silence(network: Network, source: MakeSource) -> None:
    """Version 2c cannot tell it from a dead agent; it is asked twice."""
    _, port = await network.serve("cisco-c9300")
    reading = await source("network", **endpoint(port, credential="wrong")).read(OpenLine(), 0)
    assert (reading.outcome, reading.devices) == (Outcome.TIMEOUT, ())


async def test_one_lost_datagram_is_no_failure(network: Network, source: MakeSource) -> None:
    """The request is sent once more."""
    agent, port = await network.serve("apc-srt3000")
    snmp = source("ups", **endpoint(port))
    agent.states[""].silent = True
    asyncio.get_running_loop().call_later(0.25, setattr, agent.states[""], "silent", False)
    assert (await snmp.read(OpenLine(), 0)).outcome is Outcome.OK


async def test_a_device_that_comes_back_is_read_again(network: Network, source: MakeSource) -> None:
    """Silence ends the session, and the next read starts a new one."""
    agent, port = await network.serve("apc-srt3000")
    snmp = source("ups", **endpoint(port, request_timeout_s=0.1))
    for silent, outcome in ((False, Outcome.OK), (True, Outcome.TIMEOUT), (False, Outcome.OK)):
        agent.states[""].silent = silent
        assert (await snmp.read(OpenLine(), 0)).outcome is outcome


async def test_nothing_listening_is_silence(unused_port: int, source: MakeSource) -> None:
    """The library does not tell a refused datagram from a lost one."""
    reading = await source("network", **endpoint(unused_port)).read(OpenLine(), 0)
    assert (reading.outcome, reading.devices) == (Outcome.TIMEOUT, ())


async def test_a_changed_credential_is_used_at_the_next_read(
    network: Network, credentials: CredentialsFile
) -> None:
    """No restart, no new target: the mounted file has changed, and so has the session."""
    _, port = await network.serve("apc-srt3000")
    snmp = make(endpoint(port)).source("ups", ProfileFolder(), credentials)
    assert (await snmp.read(OpenLine(), 1)).outcome is Outcome.OK
    file = credentials._file
    assert file is not None
    text = file.read_text()
    file.write_text(text.replace("community: public", "community: another"))
    os.utime(file, ns=(1, 1))
    assert (await snmp.read(OpenLine(), 2)).outcome is Outcome.TIMEOUT
    file.write_text(text)
    assert (await snmp.read(OpenLine(), 3)).outcome is Outcome.OK


async def test_two_agents_with_the_same_engine_do_not_disturb_each_other(
    network: Network, source: MakeSource
) -> None:
    """Cloned devices: each session keeps boots and time of its own agent (RFC 3414, 2.2)."""
    ports = [(await network.serve_v3("net-snmp-linux"))[1] for _ in range(2)]
    sources = [source("host", **endpoint(port, "3", "v3")) for port in ports]
    for slot in (1, 2):
        for snmp in sources:
            assert (await snmp.read(OpenLine(), slot)).outcome is Outcome.OK


async def test_a_host_without_an_address_is_unreachable(source: MakeSource) -> None:
    """The name is looked up without holding up other reads; the sentence names it."""
    reading = await source("network", **endpoint(1, host="nobody.invalid")).read(OpenLine(), 0)
    assert reading.outcome is Outcome.UNREACHABLE
    assert "nobody.invalid" in reading.error


async def test_what_the_engine_withholds_is_no_reading(
    network: Network, source: MakeSource
) -> None:
    """A pause says nothing about the device: it goes through, and the next read goes on."""

    class Paused(OpenLine):
        async def ask(self, *_: Any, **__: Any) -> Any:
            raise Withheld

    _, port = await network.serve("apc-srt3000")
    snmp = source("ups", **endpoint(port))
    await snmp.read(OpenLine(), 1)
    with pytest.raises(Withheld):
        await snmp.read(Paused(), 2)
    assert (await snmp.read(OpenLine(), 3)).outcome is Outcome.OK


def test_the_protocol_has_limits_of_its_own() -> None:
    """A profile replaces them field by field."""
    plain = Profile(protocol="snmp", groups=["system"])
    own = Profile(protocol="snmp", groups=["system"], envelope=Envelope(device_requests_per_s=1))
    assert plain.envelope.device_requests_per_s == 20
    assert (own.envelope.device_requests_per_s, own.envelope.connections_max) == (1, 1)


async def test_a_session_that_was_idle_asks_for_the_clock_again(
    network: Network, source: MakeSource
) -> None:
    """One request before the first GET: the time window is 150 seconds (RFC 3414, 2.2.3)."""
    kinds: list[Request] = []

    class Noting(OpenLine):
        async def ask(self, kind: Request, send: Any, *, path: str = "") -> Any:
            kinds.append(kind)
            return await super().ask(kind, send, path=path)

    _, port = await network.serve_v3("net-snmp-linux")
    snmp: Any = source("host", **endpoint(port, "3", "v3"))
    await snmp.read(OpenLine(), 1)
    snmp._agent._asked_at -= 130
    assert (await snmp.read(Noting(), 2)).outcome is Outcome.OK
    assert kinds[0] is Request.SNMP_DISCOVER_ENGINE
    assert set(kinds[1:]) == {Request.SNMP_GET}
