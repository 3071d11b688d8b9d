"""Contracts, the maintenance log and exchange rates over HTTP."""

import re
from collections.abc import Awaitable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import FastAPI, Header, Path, Query, Response
from pydantic import BaseModel

from isthmus.inventory.api.money.books_models import (
    ContractIn,
    ContractOut,
    ContractPage,
    EditOut,
    EditPage,
    RatesIn,
    RatesOut,
    RatesPage,
    WorkIn,
    WorkOut,
    WorkPage,
)
from isthmus.inventory.api.polling.targets import INVALID, UNKNOWN, Cursor, Limit, Site, refused
from isthmus.inventory.domain.money.books import Version, edits
from isthmus.inventory.domain.money.contracts import Contract, Work
from isthmus.inventory.domain.money.money import RateTable
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.handlers.money.books import Books, Matches, Stale, Unconditional, Unknown
from isthmus.runtime.access import Engineer, Operator, Principal, Viewer
from isthmus.runtime.http import Problem, problem

EntryId = Annotated[
    str,
    Path(
        max_length=100,
        description="Id of the entry.",
        examples=["5c0ff1a0-1d5a-5a8e-8d52-6f0c6a3a9b11"],
    ),
]
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
Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        description="Any text that no other request of yours bears. Sent again with the same "
        "body, it answers the same and writes nothing; with another body, 422.",
        examples=["9f1c3a52"],
    ),
]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=200,
        description="ETag of what you have read: 412 when somebody has changed it since.",
        examples=['"3"'],
    ),
]
Answers = dict[int | str, dict[str, Any]]
REFUSED: Answers = {403: {"model": Problem}}
STALE: Answers = {412: {"model": Problem}, 428: {"model": Problem}}
WRITES: Answers = {**INVALID, **UNKNOWN, **REFUSED, **STALE}
ETAG = re.compile(r'"(\d{1,9})"')
M = TypeVar("M", bound=BaseModel)


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
        return ContractPage(items=items, next=_next(found, limit))

    @http.get(
        "/v1/contracts/{id}",
        tags=["books"],
        summary="One contract",
        response_model=ContractOut,
        responses={**UNKNOWN, **INVALID},
    )
    async def one(who: Viewer, id: EntryId, response: Response) -> ContractOut | Response:
        return await _answer(books.get(id, who.sites), ContractOut, response)

    @http.get(
        "/v1/contracts/{id}/changes",
        tags=["books"],
        summary="Who changed a contract, and what, also after it was removed",
        response_model=EditPage,
        responses={**UNKNOWN, **INVALID},
    )
    async def changes(who: Viewer, id: EntryId) -> EditPage | Response:
        return await _changes(books.versions(id, who.sites))


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
        who: Engineer, contract: ContractIn, response: Response, key: Key = ""
    ) -> ContractOut | Response:
        made = books.create(_row(contract), who, key)
        return await _answer(made, ContractOut, response, "/v1/contracts")

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
        written = _stands(books.replace(id, _row(contract), who, _matches(if_match)))
        return await _answer(written, ContractOut, response)

    @http.delete(
        "/v1/contracts/{id}",
        tags=["books"],
        summary="Remove a contract; its history stays",
        status_code=204,
        responses=WRITES,
    )
    async def remove(who: Engineer, id: EntryId, if_match: IfMatch = None) -> Response:
        return await _removed(books, id, who, if_match)


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
        return WorkPage(items=[WorkOut.of(each) for each in found], next=_next(found, limit))

    @http.get(
        "/v1/maintenance/{id}",
        tags=["books"],
        summary="One entry of the maintenance log",
        response_model=WorkOut,
        responses={**UNKNOWN, **INVALID},
    )
    async def one(who: Viewer, id: EntryId, response: Response) -> WorkOut | Response:
        return await _answer(books.get(id, who.sites), WorkOut, response)

    @http.get(
        "/v1/maintenance/{id}/changes",
        tags=["books"],
        summary="Who changed an entry, and what, also after it was removed",
        response_model=EditPage,
        responses={**UNKNOWN, **INVALID},
    )
    async def changes(who: Viewer, id: EntryId) -> EditPage | Response:
        return await _changes(books.versions(id, who.sites))


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
        who: Operator, work: WorkIn, response: Response, key: Key = ""
    ) -> WorkOut | Response:
        made = books.create(_row(work), who, key)
        return await _answer(made, WorkOut, response, "/v1/maintenance")

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
        written = _stands(books.replace(id, _row(work), who, _matches(if_match)))
        return await _answer(written, WorkOut, response)

    @http.delete(
        "/v1/maintenance/{id}",
        tags=["books"],
        summary="Remove an entry; its history stays",
        status_code=204,
        responses=WRITES,
    )
    async def remove(who: Operator, id: EntryId, if_match: IfMatch = None) -> Response:
        return await _removed(books, id, who, if_match)


def _serve_rates(http: FastAPI, books: Books[RateTable]) -> None:
    @http.get(
        "/v1/exchange-rates",
        tags=["books"],
        summary="Days with exchange rates, page by page",
        responses=INVALID,
    )
    async def listed(who: Viewer, limit: Limit = 100, cursor: Cursor = "") -> RatesPage:
        found = await books.listed(None, None, after=cursor, limit=limit)
        return RatesPage(items=[RatesOut.of(each) for each in found], next=_next(found, limit))

    @http.get(
        "/v1/exchange-rates/{date}",
        tags=["books"],
        summary="The exchange rates of one day",
        response_model=RatesOut,
        responses={**UNKNOWN, **INVALID},
    )
    async def one(who: Viewer, date: RateDay, response: Response) -> RatesOut | Response:
        return await _answer(books.get(date, None), RatesOut, response)

    @http.get(
        "/v1/exchange-rates/{date}/changes",
        tags=["books"],
        summary="Who changed the rates of a day, and what",
        response_model=EditPage,
        responses={**UNKNOWN, **INVALID},
    )
    async def changes(who: Viewer, date: RateDay) -> EditPage | Response:
        return await _changes(books.versions(date, None))

    @http.put(
        "/v1/exchange-rates/{date}",
        tags=["books"],
        summary="Set the exchange rates of a day",
        description="201 when there were none. The same again needs no `If-Match`, so that a "
        "daily feed may repeat itself; it holds on every site, and so must the role.",
        response_model=RatesOut,
        responses={201: {"model": RatesOut}, **WRITES},
    )
    async def put(
        who: Engineer, date: RateDay, rates: RatesIn, response: Response, if_match: IfMatch = None
    ) -> RatesOut | Response:
        row = {**_row(rates), "date": date}
        written = books.replace(date, row, who, _matches(if_match), create=True)
        return await _answer(_created(written, response), RatesOut, response)


async def _answer(
    made: Awaitable[Version[Any]], out: type[M], response: Response, below: str = ""
) -> M | Response:
    """What was read or written, with its ETag, or the problem that says why not."""
    try:
        version = await made
    except (Invalid, Unknown, Stale, Unconditional) as error:
        return _problem(error)
    response.headers["ETag"] = f'"{version.revision}"'
    if below:
        response.headers["Location"] = f"{below}/{version.id}"
    return out.of(version)  # type: ignore[attr-defined, no-any-return]  # every model here has it


async def _stands(written: Awaitable[tuple[Version[Any], bool]]) -> Version[Any]:
    version, _ = await written
    return version


async def _created(
    written: Awaitable[tuple[Version[Any], bool]], response: Response
) -> Version[Any]:
    version, new = await written
    response.status_code = 201 if new else 200
    return version


async def _changes(versions: Awaitable[Sequence[Version[Any]]]) -> EditPage | Response:
    try:
        return EditPage(items=[EditOut.of(each) for each in edits(await versions)])
    except Unknown as error:
        return _problem(error)


async def _removed(books: Books[Any], id: str, who: Principal, if_match: str | None) -> Response:
    try:
        await books.remove(id, who, _matches(if_match))
    except (Unknown, Stale) as error:
        return _problem(error)
    return Response(status_code=204)


def _problem(error: Exception) -> Response:
    if isinstance(error, Invalid):
        return refused(error, "request")
    status = {Unknown: 404, Stale: 412, Unconditional: 428}[type(error)]
    return problem(status, str(error.args[0]))


def _matches(if_match: str | None) -> Matches:
    """Whether a revision is one of the header's (RFC 9110, 13.1.1); weak ones never are."""
    if if_match is None:
        return None
    if if_match.strip() == "*":
        return lambda revision: revision > 0
    strong = [each for each in if_match.split(",") if ETAG.fullmatch(each.strip())]
    seen = {int(each.strip().strip('"')) for each in strong} - {0}
    return lambda revision: revision in seen


def _row(body: BaseModel) -> dict[str, Any]:
    return body.model_dump(mode="json", exclude_none=True)


def _next(found: Sequence[Version[Any]], limit: int) -> str | None:
    return found[-1].cursor if len(found) == limit else None
