"""Golden cases from an Observation."""

import json

from google.protobuf.json_format import ParseDict
from tests.unit.normalizer.handlers.bench import observation, plain

from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.handlers import cases
from isthmus.telemetry.v1.observation_pb2 import Observation


def test_a_case_is_what_was_observed_what_comes_of_it_and_where_it_is_from(
    normalizer: Normalizer,
) -> None:
    """Three files that a reader can judge."""
    message = observation(devices=[plain(VendorName="WAGO", device_name="Größe 3")])

    files = cases.files(normalizer, message, "a bench in Hagen")

    assert set(files) == {"observation.json", "report.json", "origin.txt"}
    assert files["origin.txt"] == "a bench in Hagen\n"
    assert "Größe 3" in files["observation.json"]
    assert ParseDict(json.loads(files["observation.json"]), Observation()) == message
    [report] = json.loads(files["report.json"])["reports"]
    assert report["attributes"][0]["value"] == "WAGO"


def test_a_case_stays_as_it_is_when_other_rules_change(normalizer: Normalizer) -> None:
    """The fingerprint of the catalogue is no part of it, nor is what nobody knows yet."""
    made = cases.reported(normalizer, observation())

    assert [report["device"] for report in made["reports"]] == ["unit-3", "unit-4"]
    assert all("catalog" not in report for report in made["reports"])


def test_an_observation_that_is_rejected_is_a_case_too(normalizer: Normalizer) -> None:
    """With the reason."""
    assert cases.reported(normalizer, observation(id="1")) == {
        "rejected": "id: '1', expected a UUID"
    }
