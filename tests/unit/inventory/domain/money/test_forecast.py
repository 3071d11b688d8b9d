"""When things end: three states, and buckets that every asset is once in."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.money.contracts import Contract, contract
from isthmus.inventory.domain.money.days import add_months
from isthmus.inventory.domain.money.forecast import (
    Bucket,
    End,
    Forecast,
    Knowledge,
    Subject,
    ends,
)

ON = date(2026, 3, 1)
UNKNOWN = End(Knowledge.UNKNOWN)


def covered(start: str, end: str | None = None, kind: str = "support") -> Contract:
    row: dict[str, Any] = {
        "kind": kind, "supplier": "x", "start": start, "end": end, "amount": "1",
        "currency": "EUR", "period": "year",
    }  # fmt: skip
    return contract(row)


def known(day: date) -> End:
    return End(Knowledge.KNOWN, day)


@pytest.mark.parametrize(
    ("attributes", "end"),
    [
        ({}, UNKNOWN),
        ({"lifecycle": "known"}, UNKNOWN),
        ({"lifecycle": "known", "end_of_support": "2027"}, known(date(2027, 12, 31))),
        ({"end_of_support": "2027-02"}, known(date(2027, 2, 28))),
        ({"lifecycle": "supported_no_date"}, End(Knowledge.SUPPORTED_NO_DATE)),
    ],
)
def test_the_life_of_an_asset_has_three_states(attributes: dict[str, str], end: End) -> None:
    """Known, supported with no date announced, unknown: the last two are not the same."""
    assert ends(attributes, (), ON)[Subject.END_OF_LIFE] == end


@pytest.mark.parametrize(
    ("day", "bucket"),
    [
        (date(2026, 2, 28), Bucket.OVER),
        (date(2026, 3, 1), Bucket.WITHIN_12_MONTHS),
        (date(2027, 3, 1), Bucket.WITHIN_12_MONTHS),
        (date(2027, 3, 2), Bucket.WITHIN_24_MONTHS),
        (date(2028, 3, 2), Bucket.WITHIN_36_MONTHS),
        (date(2029, 3, 1), Bucket.WITHIN_36_MONTHS),
        (date(2029, 3, 2), Bucket.LATER),
    ],
)
def test_an_end_is_over_after_its_last_day(day: date, bucket: Bucket) -> None:
    """On the last day itself it still holds."""
    assert known(day).bucket(ON) is bucket


def test_what_has_no_date_is_in_a_bucket_of_its_own() -> None:
    """And what nobody knows in another."""
    assert End(Knowledge.SUPPORTED_NO_DATE).bucket(ON) is Bucket.NO_DATE
    assert UNKNOWN.bucket(ON) is Bucket.UNKNOWN


def test_the_longer_warranty_counts() -> None:
    """The maker's, or one that was bought."""
    maker = {"warranty_until": "2026-06"}

    def warranty(*contracts: Contract, **attributes: str) -> End:
        return ends(attributes, contracts, ON)[Subject.WARRANTY]

    assert warranty(**maker) == known(date(2026, 6, 30))
    bought = covered("2026-01-01", "2028-12-31", "warranty")
    assert warranty(bought, **maker) == known(date(2028, 12, 31))
    assert warranty(covered("2026-01-01", kind="warranty"), **maker) == End(
        Knowledge.SUPPORTED_NO_DATE
    )
    assert warranty(covered("2026-01-01", kind="lease")) == UNKNOWN


def test_support_lasts_over_contracts_that_follow_each_other() -> None:
    """A gap of a day is none; one that has not begun and does not follow does not count."""

    def support(*contracts: Contract) -> End:
        return ends({}, contracts, ON)[Subject.SUPPORT_CONTRACT]

    now, next = covered("2026-01-01", "2026-12-31"), covered("2027-01-01", "2027-12-31")
    late = covered("2028-06-01", "2029-12-31", "maintenance")

    assert support(late, next, now) == known(date(2027, 12, 31))
    assert support(late) == UNKNOWN
    assert support(covered("2025-01-01"), now) == End(Knowledge.SUPPORTED_NO_DATE)
    over = support(covered("2024-01-01", "2025-12-31"))
    assert over == known(date(2025, 12, 31))
    assert over.bucket(ON) is Bucket.OVER


def test_what_must_be_replaced_is_summed_by_when() -> None:
    """Two of 7200 EUR end within the year; a price in no known currency stands by itself."""
    forecast = Forecast()
    for attributes in (
        {"end_of_support": "2026", "replacement_cost": "7200", "currency": "EUR"},
        {"end_of_support": "2026-05", "replacement_cost": "7200", "currency": "EUR"},
        {"replacement_cost": "5"},
        {"end_of_support": "2026"},
    ):
        forecast = forecast.plus(attributes, (), ON)

    assert forecast.replacement == {
        (Bucket.WITHIN_12_MONTHS, "EUR"): Decimal(14_400),
        (Bucket.UNKNOWN, ""): Decimal(5),
    }


dates = st.dates(date(2000, 1, 1), date(2050, 1, 1))
partial = st.builds(lambda day, length: str(day)[:length], dates, st.sampled_from([4, 7, 10]))
assets = st.fixed_dictionaries(
    {},
    optional={
        "warranty_until": partial, "end_of_support": partial,
        "lifecycle": st.sampled_from(["known", "supported_no_date"]),
    },
)  # fmt: skip
several = st.lists(
    st.builds(
        lambda start, days, kind: covered(
            str(start), str(start + timedelta(days=days)) if days else None, kind
        ),
        dates, st.integers(0, 3_000), st.sampled_from(["support", "warranty", "lease"]),
    ),
    max_size=4,
)  # fmt: skip


@given(st.lists(st.tuples(assets, several), max_size=8), dates)
def test_buckets_partition_the_assets(
    fleet: list[tuple[dict[str, str], list[Contract]]], on: date
) -> None:
    """Each asset is in exactly one bucket of each subject, whatever is known of it."""
    forecast = Forecast()
    for attributes, contracts in fleet:
        forecast = forecast.plus(attributes, contracts, on)

    assert forecast.assets == len(fleet)
    for subject in Subject:
        assert set(forecast.counts[subject]) == set(Bucket)
        assert sum(forecast.counts[subject].values()) == len(fleet)


@given(dates, dates)
def test_buckets_lie_one_after_the_other(last: date, on: date) -> None:
    """A bucket's name is true of the day."""
    bucket = known(last).bucket(on)
    edges = {
        Bucket.OVER: (date.min, on - timedelta(days=1)),
        Bucket.WITHIN_12_MONTHS: (on, add_months(on, 12)),
        Bucket.WITHIN_24_MONTHS: (add_months(on, 12), add_months(on, 24)),
        Bucket.WITHIN_36_MONTHS: (add_months(on, 24), add_months(on, 36)),
        Bucket.LATER: (add_months(on, 36), date.max),
    }

    first, end = edges[bucket]
    assert first <= last <= end
