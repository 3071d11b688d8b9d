"""Contracts, the maintenance log and exchange rates over HTTP."""

from typing import Annotated

from fastapi import FastAPI, Path, Query, Response

from isthmus.inventory.api.money.answers import (
    REFUSED,
    WRITES,
    EntryId,
    answered,
    changes_of,
    created,
    following,
    matching,
    removed,
    row_of,
    standing,
)
from isthmus.inventory.api.money.books_models import (
    ContractIn,
    ContractOut,
    ContractPage,
    EditPage,
    RatesIn,
    RatesOut,
    RatesPage,
    WorkIn,
    WorkOut,
    WorkPage,
)
from isthmus.inventory.api.polling.targets import Site
from isthmus.inventory.domain.money.contracts import Contract, Work
from isthmus.inventory.domain.money.money import RateTable
from isthmus.inventory.handlers.money.books import Books
from isthmus.runtime.access import Engineer, Operator, Viewer
from isthmus.runtime.door.once import Attempt
from isthmus.runtime.pages import INVALID, UNKNOWN, Cursor, IfMatch, Limit

RateDay = Annotated[
    str, Path(max_length=10, description="The day of the rates.", examples=["2026-03-01"])
]
AssetFilter = Annotated[
    str,
    Query(
        alias="asset",
        max_length=100,
        description="Only about the asset of this id.",
        examples=["0b0e9b3c-5a0e-5c8e-9a3f-3f6a54f3f0d1"],
    ),
]


def serve_books(
    http: FastAPI,
    contracts: Books[Contract],
    maintenance: Books[Work],
    rates: Books[RateTable],
) -> None:
    """Add the routes of the three books to `http`."""
    _read_contracts(http, contracts)
    _write_contracts(http, contracts)
    _read_maintenance(http, maintenance)
    _write_maintenance(http, maintenance)
    _serve_rates(http, rates)


def _read_contracts(http: FastAPI, books: Books[Contract]) -> None:
    @http.get("/v1/contracts", tags=["books"], summary="Contracts, page by page", responses=INVALID)
    async def listed(
        who: Viewer,
        site: Site = None,
        about: AssetFilter = "",
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> ContractPage:
        found = await books.listed(who.sites, site, about=about, after=cursor, limit=limit)
        items = [ContractOut.of(each) for each in found]
        return ContractPage(items=items, next=following(found, limit))

    @http.get(
        "/v1/contracts/{id}",
        tags=["books"],
        summary="One contract",
        response_model=ContractOut,
        responses={**UNKNOWN, **INVALID},
    )
    async def one(who: Viewer, id: EntryId, response: Response) -> ContractOut | Response:
        return await answered(books.get(id, who.sites), ContractOut, response)

    @http.get(
        "/v1/contracts/{id}/changes",
        tags=["books"],
        summary="Who changed a contract, and what, also after it was removed",
        response_model=EditPage,
        responses={**UNKNOWN, **INVALID},
    )
    async def changes(who: Viewer, id: EntryId) -> EditPage | Response:
        return await changes_of(books.versions(id, who.sites))


def _write_contracts(http: FastAPI, books: Books[Contract]) -> None:
    @http.post(
        "/v1/contracts",
        tags=["books"],
        summary="Add a contract",
        status_code=201,
        response_model=ContractOut,
        responses={**INVALID, **REFUSED},
    )
    async def create(
        who: Engineer, contract: ContractIn, response: Response, key: Attempt
    ) -> ContractOut | Response:
        made = books.create(row_of(contract), who, key)
        return await answered(made, ContractOut, response, "/v1/contracts")

    @http.put(
        "/v1/contracts/{id}",
        tags=["books"],
        summary="Set all of a contract",
        description="What the body does not name is not so any more.",
        response_model=ContractOut,
        responses=WRITES,
    )
    async def put(
        who: Engineer,
        id: EntryId,
        contract: ContractIn,
        response: Response,
        if_match: IfMatch = None,
    ) -> ContractOut | Response:
        written = standing(books.replace(id, row_of(contract), who, matching(if_match)))
        return await answered(written, ContractOut, response)

    @http.delete(
        "/v1/contracts/{id}",
        tags=["books"],
        summary="Remove a contract; its history stays",
        status_code=204,
        responses=WRITES,
    )
    async def remove(who: Engineer, id: EntryId, if_match: IfMatch = None) -> Response:
        return await removed(books, id, who, if_match)


def _read_maintenance(http: FastAPI, books: Books[Work]) -> None:
    @http.get(
        "/v1/maintenance",
        tags=["books"],
        summary="The maintenance log, page by page",
        responses=INVALID,
    )
    async def listed(
        who: Viewer,
        site: Site = None,
        about: AssetFilter = "",
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> WorkPage:
        found = await books.listed(who.sites, site, about=about, after=cursor, limit=limit)
        return WorkPage(items=[WorkOut.of(each) for each in found], next=following(found, limit))

    @http.get(
        "/v1/maintenance/{id}",
        tags=["books"],
        summary="One entry of the maintenance log",
        response_model=WorkOut,
        responses={**UNKNOWN, **INVALID},
    )
    async def one(who: Viewer, id: EntryId, response: Response) -> WorkOut | Response:
        return await answered(books.get(id, who.sites), WorkOut, response)

    @http.get(
        "/v1/maintenance/{id}/changes",
        tags=["books"],
        summary="Who changed an entry, and what, also after it was removed",
        response_model=EditPage,
        responses={**UNKNOWN, **INVALID},
    )
    async def changes(who: Viewer, id: EntryId) -> EditPage | Response:
        return await changes_of(books.versions(id, who.sites))


def _write_maintenance(http: FastAPI, books: Books[Work]) -> None:
    @http.post(
        "/v1/maintenance",
        tags=["books"],
        summary="Note what was done to an asset",
        status_code=201,
        response_model=WorkOut,
        responses={**INVALID, **REFUSED},
    )
    async def create(
        who: Operator, work: WorkIn, response: Response, key: Attempt
    ) -> WorkOut | Response:
        made = books.create(row_of(work), who, key)
        return await answered(made, WorkOut, response, "/v1/maintenance")

    @http.put(
        "/v1/maintenance/{id}",
        tags=["books"],
        summary="Set all of an entry",
        description="What the body does not name is not so any more.",
        response_model=WorkOut,
        responses=WRITES,
    )
    async def put(
        who: Operator, id: EntryId, work: WorkIn, response: Response, if_match: IfMatch = None
    ) -> WorkOut | Response:
        written = standing(books.replace(id, row_of(work), who, matching(if_match)))
        return await answered(written, WorkOut, response)

    @http.delete(
        "/v1/maintenance/{id}",
        tags=["books"],
        summary="Remove an entry; its history stays",
        status_code=204,
        responses=WRITES,
    )
    async def remove(who: Operator, id: EntryId, if_match: IfMatch = None) -> Response:
        return await removed(books, id, who, if_match)


def _serve_rates(http: FastAPI, books: Books[RateTable]) -> None:
    @http.get(
        "/v1/exchange-rates",
        tags=["books"],
        summary="Days with exchange rates, page by page",
        responses=INVALID,
    )
    async def listed(who: Viewer, limit: Limit = 100, cursor: Cursor = "") -> RatesPage:
        found = await books.listed(None, None, after=cursor, limit=limit)
        return RatesPage(items=[RatesOut.of(each) for each in found], next=following(found, limit))

    @http.get(
        "/v1/exchange-rates/{date}",
        tags=["books"],
        summary="The exchange rates of one day",
        response_model=RatesOut,
        responses={**UNKNOWN, **INVALID},
    )
    async def one(who: Viewer, date: RateDay, response: Response) -> RatesOut | Response:
        return await answered(books.get(date, None), RatesOut, response)

    @http.get(
        "/v1/exchange-rates/{date}/changes",
        tags=["books"],
        summary="Who changed the rates of a day, and what",
        response_model=EditPage,
        responses={**UNKNOWN, **INVALID},
    )
    async def changes(who: Viewer, date: RateDay) -> EditPage | Response:
        return await changes_of(books.versions(date, None))

    @http.put(
        "/v1/exchange-rates/{date}",
        tags=["books"],
        summary="Set the exchange rates of a day",
        description="201 when there were none. The same again changes nothing, so that a "
        "daily feed may repeat itself; it holds on every site, and so must the role.",
        response_model=RatesOut,
        responses={201: {"model": RatesOut}, **WRITES},
    )
    async def put(
        who: Engineer, date: RateDay, rates: RatesIn, response: Response, if_match: IfMatch = None
    ) -> RatesOut | Response:
        row = {**row_of(rates), "date": date}
        written = books.replace(date, row, who, matching(if_match), create=True)
        return await answered(created(written, response), RatesOut, response)
