"""Found against truth: each way to differ is named, and nothing else."""

from typing import Any

from isthmus.demo.fleet import Device, Fleet, differences

TRUTH = {"site": "hagen", "class": "plc", "serial": "1"}
PLC = Device("plc", frozenset({"hagen/plc"}), TRUTH)
TWICE = Device("press", frozenset({"hagen/press", "hagen/scada/Press"}), {"site": "hagen"})


def fleet(*devices: Device) -> Fleet:
    return Fleet(("hagen",), devices, ())


def asset(*sources: str, **fields: str) -> dict[str, Any]:
    return {"id": "a1", "sources": list(sources), **{**TRUTH, **fields}}


def test_an_inventory_that_is_the_truth_has_no_differences() -> None:
    """Also for the machine that is reachable by two protocols."""
    assets = [asset("hagen/plc"), asset("hagen/press", "hagen/scada/Press")]

    assert differences(fleet(PLC, TWICE), assets) == []


def test_a_wrong_value_is_named_with_what_was_expected() -> None:
    """Device, field, value, expectation."""
    assert differences(fleet(PLC), [asset("hagen/plc", serial="2")]) == [
        "plc: serial '2', expected '1'"
    ]


def test_a_device_that_was_not_found_is_named() -> None:
    """Nothing at all is a difference too."""
    assert differences(fleet(PLC), []) == ["plc: not found"]


def test_one_machine_found_as_two_assets_is_named() -> None:
    """The complaint that every inventory gets."""
    two = [asset("hagen/press"), asset("hagen/scada/Press")]

    assert differences(fleet(TWICE), two) == ["press: found as 2 assets, expected 1"]


def test_two_devices_found_as_one_asset_are_both_named() -> None:
    """The other complaint: one address on two sites."""
    other = Device("other", frozenset({"lyon/plc"}), {})

    lines = differences(fleet(PLC, other), [asset("hagen/plc", "lyon/plc")])

    assert [line.split(":")[0] for line in lines] == ["plc", "other"]


def test_an_asset_that_is_no_device_is_named() -> None:
    """Inventories grow by things that are not there."""
    (line,) = differences(fleet(PLC), [asset("hagen/plc"), asset("hagen/ghost")])

    assert "hagen/ghost" in line
    assert "expected no such asset" in line
