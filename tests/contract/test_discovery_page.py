"""What the page on discovery shows can be typed as it stands."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from isthmus.inventory.api.polling.discoveries import ApprovalIn, Chosen, DiscoveryIn
from isthmus.inventory.api.polling.zones import ZoneIn
from isthmus.inventory.domain.polling import discovery
from isthmus.inventory.domain.polling.zones import Zone, patched, zone

PAGE = (Path(__file__).parents[2] / "docs" / "discovery.md").read_text()
BODIES = re.findall(r"curl -X \w+ \S+/v1/(\S+) .*?-d '(.*?)'", PAGE, re.S)


def body(part: str) -> Any:
    """The body of the one call of a path that ends so."""
    (found,) = [text for path, text in BODIES if path.endswith(part)]
    return json.loads(found)


def test_the_job_of_the_page_is_one() -> None:
    """With every protocol that there is."""
    asked = DiscoveryIn.model_validate(body("discoveries")).model_dump()
    row = {**asked, "requested_by": "planner"}

    made = discovery.job(row, "j", datetime.now(UTC))

    assert {probe.protocol for probe in made.probes} == set(discovery.LADDER)


def test_the_calls_of_the_page_are_taken() -> None:
    """Rules, approval, what is ignored, and the pause."""
    ApprovalIn.model_validate(body("approve"))
    Chosen.model_validate(body("ignore"))
    rules = ZoneIn.model_validate(body("zones/hagen")).model_dump(exclude_unset=True)
    assert patched(Zone("hagen"), rules).do_not_poll
    for text in re.findall(r"`(\{.*?\}\})`", PAGE):
        assert "paused" in patched(Zone("hagen"), json.loads(text)).envelope


def test_the_file_of_the_page_is_one() -> None:
    """As a seed file."""
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)

    assert [zone(row, "hagen").path for row in yaml.safe_load(text)["zones"]] == [
        "",
        "nordwerk/hagen/press-shop",
    ]


def test_the_limits_of_the_page_are_those_of_the_code() -> None:
    """A plant relies on them."""
    assert f"At most {discovery.ADDRESSES_MAX} addresses" in PAGE
    assert (discovery.REQUESTS_PER_S_MAX, discovery.PORTS_MAX) == (5, 4)
    assert "you may allow up to five" in PAGE
    assert "at most four ports" in PAGE
