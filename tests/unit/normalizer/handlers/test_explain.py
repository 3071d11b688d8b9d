"""What the catalogue makes of one observation, rule by rule."""

import pytest
from google.protobuf.json_format import MessageToJson
from tests.unit.normalizer.handlers.bench import observation, plain

from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.handlers.explain import explain, parse
from isthmus.runtime.errors import Rejected


def test_an_explanation_names_the_rule_behind_each_attribute(normalizer: Normalizer) -> None:
    """A person sees why a device was taken for what it is, and what no rule knew."""
    lines = list(explain(normalizer, observation()))

    assert lines[0] == f"catalogue {normalizer.catalog.fingerprint}"
    assert "hagen/bus/unit-3" in lines
    assert "  reachability online" in lines
    assert "  behind the endpoint at unit-3" in lines
    assert "  key unique global|serial|wago/300B2C7741" in lines
    assert "  vendor 'WAGO' <- 'WAGO' by modbus:VendorName (0.90)" in lines
    assert "  class not recognised" in lines
    assert "  metric temperature 60.5 Cel" in lines
    assert "  metric level nan m (bad)" in lines
    assert lines[-4:] == [
        "  reachability offline  request refused",
        "  health unknown",
        "  behind the endpoint at unit-4",
        "  key weak hagen|address|10.0.0.1:502/unit-4",
    ]


def test_an_explanation_shows_every_family_that_could_be_and_what_was_said_otherwise(
    normalizer: Normalizer,
) -> None:
    """The best evidence first."""
    facts = plain(model_name="FC-302", ProductCode="FC-102", firmware_version="V3.20")
    message = observation(devices=[facts], profile="schneider-m340")

    lines = list(explain(normalizer, message))

    families = [line for line in lines if line.startswith("  family ") and " by " in line]
    assert families[0] == "  family danfoss-vlt by model: model='FC-302'"
    assert "  family schneider-m340 by profile: profile='schneider-m340'" in families
    assert "  not model 'FC-102' <- 'FC-102' by modbus:ProductCode (0.90)" in lines
    assert (
        "  firmware '3.20' <- 'V3.20' by modbus:firmware_version (0.90, sorts as c3.d20.B)" in lines
    )
    assert "  purdue_level '0' by catalog:classes (0.86)" in lines


def test_an_explanation_shows_parts_and_whom_the_device_has_seen(normalizer: Normalizer) -> None:
    """As the reports carry them."""
    switch = {
        "outcome": "OUTCOME_OK",
        "fact": ["entPhysicalSerialNum.7", "ipNetToMediaPhysAddress.3.10.0.0.7"],
        "text": ["JAE2447", "00:90:e8:00:00:01"],
        "point": ["entPhysicalClass.7"], "value": [9.0], "unit": ["1"],
    }  # fmt: skip

    lines = list(explain(normalizer, observation(protocol="snmp", devices=[switch])))

    assert "  seen arp 3 00:90:e8:00:00:01 10.0.0.7" in lines
    assert "  part_of the endpoint at 7" in lines


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"sight": "hagen"}', 'no field named "sight"'),
        ("", "observation: Failed to load JSON"),
        ('{"site": 7}', "observation: "),
        ('{"site": "\\ud800"}', "observation: "),
        ('{"devices": {"path": "a"}}', "observation: "),
        ("[" * 200_000, "observation: "),
    ],
)
def test_a_file_that_is_no_observation_says_what_is_wrong(text: str, reason: str) -> None:
    """The file's author reads one sentence."""
    with pytest.raises(Rejected, match=reason):
        parse(text)


def test_a_whole_observation_is_parsed() -> None:
    """As protobuf writes it."""
    assert parse(MessageToJson(observation(devices=[]))) == observation(devices=[])


def test_what_the_service_would_reject_is_rejected(normalizer: Normalizer) -> None:
    """With the same words."""
    with pytest.raises(Rejected, match="devices: none"):
        list(explain(normalizer, observation(devices=[])))
