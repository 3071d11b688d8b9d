"""Writing in books: nothing lost, nothing twice, nothing where one may not."""

from dataclasses import dataclass
from typing import Any

import pytest
from tests.unit.inventory.books import NOON, MemoryBook, MemoryHoldings, asset

from isthmus.inventory.domain.money.books import Version, edits
from isthmus.inventory.domain.money.contracts import Contract, Work
from isthmus.inventory.domain.money.money import RateTable
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.handlers.money.books import (
    CONTRACTS,
    MAINTENANCE,
    RATES,
    Books,
    Kind,
    Stale,
    Unknown,
)
from isthmus.runtime.access import Principal, Refused, narrowed

ROW: dict[str, Any] = {
    "kind": "maintenance", "supplier": "Grossmann", "start": "2024-01-01", "amount": "300.00",
    "currency": "EUR", "period": "quarter", "site": "hagen",
}  # fmt: skip
WORK = {"asset": "a", "kind": "inspection", "started_at": "2026-02-03T06:15:00Z"}
HAGEN = frozenset({"hagen"})
MARA = Principal("mara", HAGEN, HAGEN)
CHIEF = Principal("chief", None, None)


@dataclass
class Shelf:
    """One book and who writes in it."""

    book: Any
    books: Any


def shelf(kind: Kind[Any]) -> Shelf:
    book: MemoryBook[Any] = MemoryBook()
    holdings = MemoryHoldings()
    holdings.put(asset("a"), asset("b", "nordwerk/lyon/x"))
    return Shelf(book, Books(kind, book, holdings, now=lambda: NOON))


@pytest.fixture
def contracts() -> Shelf:
    """Contracts, with one asset on each of two sites."""
    return shelf(CONTRACTS)


async def test_what_is_written_is_kept_with_who_and_when(contracts: Shelf) -> None:
    """Every version of it."""
    books: Books[Contract] = contracts.books
    made = await books.create(ROW, MARA, "")
    changed, new = await books.replace(made.id, {**ROW, "note": "24/7"}, CHIEF, lambda r: r == 1)
    await books.remove(made.id, MARA, None)

    assert (made.revision, changed.revision, new) == (1, 2, False)
    assert [
        (e.revision, e.by, e.before and e.before["note"], e.after and e.after["note"])
        for e in edits(await books.versions(made.id, HAGEN))
    ] == [(1, "mara", None, ""), (2, "chief", "", "24/7"), (3, "mara", "24/7", None)]
    with pytest.raises(Unknown, match="contract: there is none of id"):
        await books.get(made.id, None)


async def test_the_same_request_again_answers_the_same(contracts: Shelf) -> None:
    """Even when what it made has been changed or removed since; and it writes nothing."""
    books: Books[Contract] = contracts.books
    first = await books.create(ROW, MARA, "k")
    await books.replace(first.id, {**ROW, "note": "x"}, MARA, lambda _: True)
    again = await books.create(dict(reversed(ROW.items())), MARA, "k")
    await books.remove(first.id, MARA, None)
    after = await books.create(ROW, MARA, "k")

    assert first == again == after
    assert len(contracts.book.kept) == 1


async def test_a_key_is_one_persons_and_one_bodys(contracts: Shelf) -> None:
    """Another body under it is refused; another person's key of the same name is another key."""
    books: Books[Contract] = contracts.books
    first = await books.create(ROW, MARA, "k")
    other = await books.create(ROW, CHIEF, "k")

    assert first.id != other.id
    with pytest.raises(Invalid, match="Idempotency-Key: used before with another body"):
        await books.create({**ROW, "note": "x"}, MARA, "k")


async def test_of_two_requests_at_once_one_writes(contracts: Shelf) -> None:
    """The slower one finds what the faster one made, after it had looked and seen nothing."""

    class Slow(MemoryBook[Contract]):
        hidden = 1

        async def versions(self, id: str) -> list[Version[Contract]]:
            self.hidden -= 1
            return [] if self.hidden >= 0 else await super().versions(id)

    first = await contracts.books.create(ROW, MARA, "k")
    slow = Slow(contracts.book.kept)
    again = await Books(CONTRACTS, slow, MemoryHoldings()).create(ROW, MARA, "k")

    assert again == first


async def test_who_has_not_seen_what_stands_changes_nothing(contracts: Shelf) -> None:
    """Whoever says what they have seen; without, the last one counts, and the history has both."""
    books: Books[Contract] = contracts.books
    made = await books.create(ROW, MARA, "")
    changed = {**ROW, "note": "x"}

    with pytest.raises(Stale, match="revision 1 stands there now"):
        await books.replace(made.id, changed, MARA, lambda revision: revision == 7)
    with pytest.raises(Stale):
        await books.remove(made.id, MARA, lambda revision: revision == 7)
    assert len(await books.versions(made.id, None)) == 1


async def test_what_is_the_same_makes_no_version(contracts: Shelf) -> None:
    """And needs no condition."""
    books: Books[Contract] = contracts.books
    made = await books.create(ROW, MARA, "")

    assert await books.replace(made.id, ROW, MARA, None) == (made, False)


async def test_of_two_writers_at_once_one_is_told(contracts: Shelf) -> None:
    """Both have seen the same revision; the slower one must look again."""

    class Raced(MemoryBook[Contract]):
        async def write(self, version: Version[Contract]) -> bool:
            await super().write(Version(version.id, version.revision, NOON, "other", None))
            return await super().write(version)

    made = await contracts.books.create(ROW, MARA, "")
    raced = Books(CONTRACTS, Raced(contracts.book.kept), MemoryHoldings())

    with pytest.raises(Stale, match="somebody else"):
        await raced.replace(made.id, {**ROW, "note": "x"}, MARA, lambda _: True)


async def test_contracts_are_written_where_one_may(contracts: Shelf) -> None:
    """Another site is not there at all; one for every site needs the role on every site."""
    books: Books[Contract] = contracts.books
    everywhere = {name: value for name, value in ROW.items() if name != "site"}
    lyon = await books.create({**ROW, "site": "lyon"}, CHIEF, "")

    for row, status in (({**ROW, "site": "lyon"}, 404), (everywhere, 403)):
        with pytest.raises(Refused) as refused:
            await books.create(row, MARA, "")
        assert refused.value.status == status
    for write in (
        books.replace(lyon.id, ROW, MARA, lambda _: True),
        books.remove(lyon.id, MARA, None),
    ):
        with pytest.raises(Refused, match="there is no contract"):
            await write
    with pytest.raises(Unknown):
        await books.get(lyon.id, HAGEN)
    with pytest.raises(Unknown):
        await books.versions(lyon.id, HAGEN)
    assert await books.get(lyon.id, None) == lyon


async def test_a_contract_names_assets_that_are_there(contracts: Shelf) -> None:
    """On its site; the field says which one is not."""
    books: Books[Contract] = contracts.books
    made = await books.create({**ROW, "assets": ["a"]}, MARA, "")
    assert made.value
    assert made.value.assets == ("a",)

    with pytest.raises(Invalid, match=r"^assets\.1: there is no asset 'b' on hagen"):
        await books.create({**ROW, "assets": ["a", "b"]}, CHIEF, "")


async def test_work_belongs_to_the_site_of_its_asset() -> None:
    """Whoever writes it does not say; an asset that one may not see is not there."""
    books: Books[Work] = shelf(MAINTENANCE).books
    made = await books.create(WORK, MARA, "")
    assert made.value
    assert made.value.site == "hagen"

    for who, row in ((MARA, {**WORK, "asset": "b"}), (CHIEF, {**WORK, "asset": "z"})):
        with pytest.raises(Invalid, match=f"^asset: there is no asset '{row['asset']}'"):
            await books.create(row, who, "")


async def test_rates_hold_everywhere_and_so_must_the_role() -> None:
    """A day that has none may get some; one that has is changed like everything else."""
    books: Books[RateTable] = shelf(RATES).books
    row = {"date": "2026-03-01", "base": "EUR", "rates": {"USD": "1.1"}}

    with pytest.raises(Refused, match="on every site"):
        await books.replace("2026-03-01", row, MARA, None, create=True)
    with pytest.raises(Stale):
        await books.replace("2026-03-01", row, CHIEF, lambda r: r > 0, create=True)
    made, new = await books.replace("2026-03-01", row, CHIEF, None, create=True)
    again = await books.replace("2026-03-01", row, CHIEF, None, create=True)

    assert new
    assert again == (made, False)


async def test_what_is_not_there_cannot_be_changed(contracts: Shelf) -> None:
    """Nor removed, nor read."""
    books: Books[Contract] = contracts.books
    for act in (
        books.get("x", None), books.versions("x", None), books.remove("x", CHIEF, None),
        books.replace("x", ROW, CHIEF, lambda _: True),
    ):  # fmt: skip
        with pytest.raises(Unknown, match="contract: there is none of id 'x'"):
            await act


async def test_lists_are_of_the_sites_that_one_may_see(contracts: Shelf) -> None:
    """Asking for another site gives nothing, not everything."""
    books: Books[Contract] = contracts.books
    await books.create(ROW, CHIEF, "")
    await books.create({**ROW, "site": "lyon"}, CHIEF, "")

    assert len(await books.listed(None, None, after="", limit=9)) == 2
    assert len(await books.listed(HAGEN, None, after="", limit=9)) == 1
    assert await books.listed(HAGEN, "lyon", after="", limit=9) == []
    assert narrowed(None, "lyon") == frozenset({"lyon"})
