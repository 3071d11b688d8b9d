"""The least that tells what an SNMP agent is: one GET, or the question who its engine is."""

import time
from collections.abc import Mapping

from isthmus.collector.adapters.snmp.agent import Agent, Visit
from isthmus.collector.adapters.snmp.mib import GROUPS
from isthmus.collector.adapters.snmp.text import device
from isthmus.collector.adapters.snmp.usm import Credential, Usm
from isthmus.collector.ports import Line

ASKED = ("sysDescr", "sysObjectID", "sysName")


async def identify(
    line: Line, host: str, port: int, timeout_s: float, credential: Credential | None = None
) -> Mapping[str, str]:
    """What the agent says of itself, by the names of its objects; raises Fault.

    Without a credential no community is guessed: whoever speaks version 3 tells the id of its
    engine to anybody (RFC 3414, section 4). Nothing is sent twice.
    """
    visit = Visit(line, time.monotonic())
    version = "2c" if credential is not None and not isinstance(credential, Usm) else "3"
    agent = Agent(host, port, version, timeout_s)
    if credential is None:
        return device({"snmpEngineID": await agent.engine_id(visit)}).facts
    names = {GROUPS["system"].identity[name]: name for name in ASKED}
    try:
        await agent.open(visit, credential)
        found, _ = await agent.get(visit, names)
    finally:
        agent.close()
    return device({names[oid]: value for oid, value in found.items()}).facts
