"""What every book answers: entries with their ETag, edits, and problems (RFC 9457)."""

import re
from collections.abc import Awaitable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Path, Response
from pydantic import BaseModel

from isthmus.inventory.api.money.books_models import EditOut, EditPage
from isthmus.inventory.api.polling.targets import refused
from isthmus.inventory.domain.money.books import Version, edits
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.handlers.money.books import Books, Matches, Stale, Unknown
from isthmus.runtime.access import Principal
from isthmus.runtime.http import Problem, problem
from isthmus.runtime.pages import INVALID, STALE, UNKNOWN

EntryId = Annotated[
    str,
    Path(
        max_length=100,
        description="Id of the entry.",
        examples=["5c0ff1a0-1d5a-5a8e-8d52-6f0c6a3a9b11"],
    ),
]
Answers = dict[int | str, dict[str, Any]]
REFUSED: Answers = {403: {"model": Problem}}
WRITES: Answers = {**INVALID, **UNKNOWN, **REFUSED, **STALE}
ETAG = re.compile(r'"(\d{1,9})"')
M = TypeVar("M", bound=BaseModel)


async def answered(
    made: Awaitable[Version[Any]], out: type[M], response: Response, below: str = ""
) -> M | Response:
    """What was read or written, with its ETag, or the problem that says why not."""
    try:
        version = await made
    except (Invalid, Unknown, Stale) as error:
        return refusal(error)
    response.headers["ETag"] = f'"{version.revision}"'
    if below:
        response.headers["Location"] = f"{below}/{version.id}"
    return out.of(version)  # type: ignore[attr-defined, no-any-return]  # every model here has it


async def standing(written: Awaitable[tuple[Version[Any], bool]]) -> Version[Any]:
    """What stands now, whether it was written just now or before."""
    version, _ = await written
    return version


async def created(
    written: Awaitable[tuple[Version[Any], bool]], response: Response
) -> Version[Any]:
    """What stands now; 201 when there was nothing before."""
    version, new = await written
    response.status_code = 201 if new else 200
    return version


async def changes_of(versions: Awaitable[Sequence[Version[Any]]]) -> EditPage | Response:
    """Who changed an entry, and what, or the problem that says why not."""
    try:
        return EditPage(items=[EditOut.of(each) for each in edits(await versions)])
    except Unknown as error:
        return refusal(error)


async def removed(books: Books[Any], id: str, who: Principal, if_match: str | None) -> Response:
    """The empty answer when it was removed, or the problem that says why not."""
    try:
        await books.remove(id, who, matching(if_match))
    except (Unknown, Stale) as error:
        return refusal(error)
    return Response(status_code=204)


def refusal(error: Exception) -> Response:
    """The problem that says why something cannot be done."""
    if isinstance(error, Invalid):
        return refused(error, "request")
    status = {Unknown: 404, Stale: 412}[type(error)]
    return problem(status, str(error.args[0]))


def matching(if_match: str | None) -> Matches:
    """Whether a revision is one of the header's (RFC 9110, 13.1.1); weak ones never are."""
    if if_match is None:
        return None
    if if_match.strip() == "*":
        return lambda revision: revision > 0
    strong = [each for each in if_match.split(",") if ETAG.fullmatch(each.strip())]
    seen = {int(each.strip().strip('"')) for each in strong} - {0}
    return lambda revision: revision in seen


def row_of(body: BaseModel) -> dict[str, Any]:
    """What a body says, without what it leaves out."""
    return body.model_dump(mode="json", exclude_none=True)


def following(found: Sequence[Version[Any]], limit: int) -> str | None:
    """Where the next page goes on; None after the last."""
    return found[-1].cursor if len(found) == limit else None
