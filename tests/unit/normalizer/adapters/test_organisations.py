"""Who the IEEE gave an address block to."""

import pytest

from isthmus.normalizer.adapters.organisations import organisation, organisations


@pytest.mark.parametrize(
    ("mac", "name"),
    [
        ("00:90:e8:00:00:01", "MOXA"),
        ("00:1b:1b:00:00:01", "SIEMENS"),
        ("00:00:0c:00:00:01", "CISCO"),
        ("02:00:00:00:00:01", ""),
    ],
)
def test_a_block_has_its_organisation(mac: str, name: str) -> None:
    """A locally administered address has none; the registry is read once."""
    organisations()
    organisations()

    assert name in organisation(mac).upper()
    assert bool(organisation(mac)) is bool(name)
