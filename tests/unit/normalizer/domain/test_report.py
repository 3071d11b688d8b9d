"""Reports: what is equal, and what is only the same for a while."""

from isthmus.normalizer.domain.report import Health, Key, Tier


def test_keys_are_ordered_by_how_far_they_may_be_trusted() -> None:
    """Strongest first is how a Report carries them."""
    weak = Key(Tier.WEAK, "hagen", "hostname", "a")
    unique = Key(Tier.UNIQUE, "global", "serial", "siemens/1")

    assert sorted([weak, unique]) == [unique, weak]


def test_health_is_ordered_by_how_bad_it_is() -> None:
    """The worst of several conditions is what is reported."""
    assert max(Health.NORMAL, Health.MAINTENANCE_REQUIRED, Health.FAILURE) is Health.FAILURE
    assert max(Health.UNKNOWN, Health.NORMAL) is Health.NORMAL
