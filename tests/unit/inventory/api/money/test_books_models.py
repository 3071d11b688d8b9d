"""What the API says of the books is what stands there, and what it takes can stand there."""

from datetime import UTC, datetime

from isthmus.inventory.api.money.books_models import (
    ContractIn,
    ContractOut,
    EditOut,
    RatesIn,
    RatesOut,
    WorkIn,
    WorkOut,
)
from isthmus.inventory.domain.money.books import Edit, Version
from isthmus.inventory.domain.money.contracts import contract, work
from isthmus.inventory.domain.money.money import rate_table

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONTRACT = {
    "kind": "support", "supplier": "x", "start": "2024-01-01", "end": "2026-12-31",
    "notice_days": 31, "amount": "0.10", "currency": "EUR", "period": "month", "site": "hagen",
}  # fmt: skip
WORK = {"asset": "a", "kind": "inspection", "started_at": "2026-02-03T06:15:00Z"}
RATES = {"date": "2026-03-01", "base": "EUR", "rates": {"USD": "1.10"}}


def test_models_say_every_field_of_the_rows() -> None:
    """Amounts as decimal text, as exactly as they were written."""
    for out, value in (
        (ContractOut, contract(CONTRACT)),
        (WorkOut, work(WORK)),
        (RatesOut, rate_table(RATES)),
    ):
        said = out.of(Version("id", 3, NOON, "mara", value)).model_dump(mode="json")
        assert said | value.row == said
        assert (said["id"], said["revision"], said["changed_by"]) == ("id", 3, "mara")


def test_a_contract_says_until_when_it_can_be_cancelled() -> None:
    """31 days before 31 December are 30 November."""
    said = ContractOut.of(Version("id", 1, NOON, "mara", contract(CONTRACT)))

    assert str(said.cancel_by) == "2026-11-30"


def test_what_the_api_takes_is_what_the_books_know() -> None:
    """No field of a body but those of the row; the site of work is its asset's."""
    assert set(ContractIn.model_fields) == set(contract(CONTRACT).row)
    assert set(WorkIn.model_fields) == set(work(WORK).row) - {"site"}
    assert set(RatesIn.model_fields) == set(RATES) - {"date"}


def test_an_edit_shows_rows() -> None:
    """None stays none."""
    said = EditOut.of(Edit(1, NOON, "mara", None, RATES))

    assert (said.before, said.after) == (None, RATES)
