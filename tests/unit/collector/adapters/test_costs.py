"""What reading by a profile sends, before anything is sent."""

from pathlib import Path
from typing import Any

import pytest

from isthmus.collector.adapters import PROFILES
from isthmus.collector.adapters.costs import Cost, cost
from isthmus.collector.adapters.profiles import ProfileFolder
from isthmus.collector.domain.requests import Request
from isthmus.runtime.errors import Rejected


def register(name: str, address: int, **more: Any) -> dict[str, Any]:
    return {"name": name, "table": "holding", "address": address, "type": "uint16", **more}


def of(protocol: str, **fields: Any) -> Cost:
    profile = PROFILES[protocol].model_validate({"protocol": protocol, **fields})
    return cost(profile, ProfileFolder())


def test_registers_that_stand_together_are_one_request() -> None:
    """And those that stand apart are two."""
    together = of("modbus", registers=[register("a", 1), register("b", 2)])
    apart = of("modbus", registers=[register("a", 1), register("b", 3)])
    assert together.slot == {Request.MODBUS_READ_HOLDING_REGISTERS: 1}
    assert apart.slot == {Request.MODBUS_READ_HOLDING_REGISTERS: 2}


def test_what_is_slow_is_sent_at_some_slots_only() -> None:
    """Both counts are said."""
    found = of("modbus", registers=[register("a", 1), register("b", 9, slow=True)])
    assert (found.slot.total(), found.slow.total()) == (1, 2)
    assert dict(found.lines())["every 10 slots"] == "2 modbus.read_holding_registers"


def test_identity_is_sent_once_a_connection() -> None:
    """With the connection itself."""
    found = of("modbus", identification="basic", server_id=True)
    assert found.once == {
        Request.MODBUS_CONNECT: 1,
        Request.MODBUS_READ_DEVICE_IDENTIFICATION: 1,
        Request.MODBUS_REPORT_SERVER_ID: 1,
    }
    assert dict(found.lines())["at each slot"] == "nothing"


def test_a_gateway_costs_what_its_units_cost() -> None:
    """Over one connection; the rate of a device holds for each unit, the gap for all together."""
    found = of("modbus", units={3: "danfoss-fc302", 4: "danfoss-fc302"}, envelope={"gap_s": 0.5})
    one = cost(ProfileFolder().load("danfoss-fc302", PROFILES["modbus"]), ProfileFolder())
    assert found.once[Request.MODBUS_CONNECT] == 1
    assert found.slot.total() == 2 * one.slot.total()
    assert found.interval_s_least == 2 * one.slow.total() * 0.5


def test_a_gateway_that_names_a_profile_which_is_not_there_is_wrong() -> None:
    """The sentence names it."""
    with pytest.raises(Rejected, match=r"no file profiles/acme-1\.yaml"):
        of("modbus", units={3: "acme-1"})


def test_objects_beyond_one_request_take_another() -> None:
    """As many as the envelope allows in each."""
    values = {f"v{n}": f"1.3.6.1.4.1.99.{n}.0" for n in range(12)}
    assert of("snmp", groups=["system"], values=values).slot == {Request.SNMP_GET: 1}
    small = of("snmp", groups=["system"], values=values, envelope={"items_max": 5})
    assert small.slot == {Request.SNMP_GET: 3}


def test_tables_that_come_and_go_are_walked_at_slow_slots() -> None:
    """The others when they change."""
    found = of("snmp", groups=["system", "interfaces", "arp"])
    assert found.slot[Request.SNMP_GET_BULK] == 0
    assert found.slow[Request.SNMP_GET_BULK] >= 1
    assert found.once[Request.SNMP_GET_BULK] > found.slow[Request.SNMP_GET_BULK]


def test_values_of_an_opcua_server_are_one_read() -> None:
    """Whatever it shows."""
    values = [{"name": "a", "path": "own:A"}, {"name": "b", "path": "own:B"}]
    assert of("opcua", values=values).slot == {Request.OPCUA_READ: 1}


def test_the_limits_are_those_that_hold() -> None:
    """The protocol's own where the profile says nothing."""
    assert "device_requests_per_s 4" in dict(of("opcua").lines())["envelope"]
    stricter = of("opcua", envelope={"device_requests_per_s": 0.5})
    assert stricter.interval_s_least == 2


def test_a_safety_controller_says_so(tmp_path: Path) -> None:
    """Who checks a profile reads it before a target uses it."""
    lines = dict(of("modbus", safety=True, identification="basic").lines())
    assert lines["safety controller"] == "read only where its zone names the target"
