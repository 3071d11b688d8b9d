"""The one identification request of SNMP."""

import pytest
from pydantic import SecretStr
from tests.unit.collector.adapters.snmp.conftest import CountedLine, MakeAgent, Registered

from isthmus.collector.adapters.snmp.identify import identify
from isthmus.collector.adapters.snmp.usm import Community, Usm
from isthmus.collector.domain.reading import Fault, Outcome
from isthmus.collector.domain.requests import Request
from isthmus.simulators.devices import Library, SnmpDevice
from isthmus.simulators.fleet import Credential
from isthmus.simulators.snmp_v3 import SnmpV3Agent

PUBLIC = Community(community=SecretStr("public"))
OTHER = Community(community=SecretStr("other"))
USER = {
    "user": "isthmus", "auth_protocol": "sha256", "auth_key": "auth-key-0001",
    "priv_protocol": "aes128", "priv_key": "priv-key-0001",
}  # fmt: skip


async def test_a_community_gets_one_request(scripted: MakeAgent) -> None:
    """Facts are named as in Observations."""
    agent = await scripted(
        {
            "1.3.6.1.2.1.1.1.0": ("string", "Switch"),
            "1.3.6.1.2.1.1.2.0": ("oid", "1.3.6.1.4.1.9.1.1"),
            "1.3.6.1.2.1.1.5.0": ("string", "core-1"),
        }
    )
    line = CountedLine()
    facts = await identify(line, "127.0.0.1", agent.port, 0.5, PUBLIC)
    expected = {"sysDescr": "Switch", "sysObjectID": "1.3.6.1.4.1.9.1.1", "sysName": "core-1"}
    assert facts == expected
    assert line.kinds == {Request.SNMP_GET: 1}
    assert agent.requests == {"Get": 1}


@pytest.mark.parametrize("credential", [OTHER, Usm.model_validate(USER), None])
async def test_nothing_is_listened_to_afterwards(
    scripted: MakeAgent, monkeypatch: pytest.MonkeyPatch, credential: Community | Usm | None
) -> None:
    """A discovery job asks thousands of hosts that do not answer."""
    agent = await scripted({})
    registered = Registered(monkeypatch)
    with pytest.raises(Fault):
        await identify(CountedLine(), "127.0.0.1", agent.port, 0.05, credential)
    assert registered.calls == ["add_reader", "remove_reader"]


async def test_silence_is_a_fault_and_is_not_asked_again(scripted: MakeAgent) -> None:
    """A wrong community, or nobody there: one datagram, no more."""
    agent, line = await scripted({}), CountedLine()
    with pytest.raises(Fault) as caught:
        await identify(line, "127.0.0.1", agent.port, 0.1, OTHER)
    assert caught.value.outcome is Outcome.TIMEOUT
    assert line.kinds == {Request.SNMP_GET: 1}


async def test_without_a_credential_only_the_engine_is_asked_for(library: Library) -> None:
    """One request of version 3, which any agent answers; no community is guessed."""
    model = library.read("snmp/net-snmp-linux", SnmpDevice)
    given = {"name": "n1", "mac": "00:1b:0c:3a:10:01", "engine_id": "80001f8804abcdef"}
    agent = SnmpV3Agent("127.0.0.1", 0, model, model.state(given, "n1"), Credential(**USER))
    await agent.start()
    line = CountedLine()
    facts = await identify(line, "127.0.0.1", agent.port, 0.5)
    assert facts == {"snmpEngineID": "80001f8804abcdef"}
    assert line.kinds == {Request.SNMP_DISCOVER_ENGINE: 1}
    named = await identify(CountedLine(), "127.0.0.1", agent.port, 0.5, Usm.model_validate(USER))
    assert named["sysName"] == "n1"
    await agent.stop()
