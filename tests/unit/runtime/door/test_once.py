"""A request with a key is done once, whoever repeats it, and whatever went wrong between."""

import asyncio
from datetime import datetime

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from isthmus.runtime.access import ANYONE, IDENTITY, Identity, Kind, Refused
from isthmus.runtime.door.once import ANSWER_BYTES_MAX, Answer, Attempt, Once
from isthmus.runtime.errors import Retryable
from isthmus.runtime.http import api, problem

KEY = {"Idempotency-Key": "9f1c3a52"}


class Kept:
    """Answers in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Answer | None] = {}
        self.away = False

    async def claim(self, id: str, now: datetime) -> Answer | bool:
        if id in self.kept:
            return self.kept[id] or False
        self.kept[id] = None
        return True

    async def keep(self, id: str, answer: Answer) -> None:
        if self.away:
            raise Retryable("store: no answer")
        self.kept[id] = answer

    async def release(self, id: str) -> None:
        self.kept.pop(id, None)


class Door:
    """Says who asks, and answers what is refused, as the guard does."""

    def __init__(self, app: ASGIApp, who: list[Identity]) -> None:
        self._app, self._who = app, who

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[IDENTITY] = self._who[-1]
        try:
            await self._app(scope, receive, send)
        except Refused as refused:
            reply = problem(refused.status, str(refused), headers=refused.headers)
            await reply(scope, receive, send)


class Service:
    """An application that counts what it has done."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.kept, self.who, self.go = Kept(), [ANYONE], asyncio.Event()
        self.go.set()
        self.http = api("inventory", "")
        self._serve(self.http)
        self.http.add_middleware(Once, kept=self.kept)
        self.http.add_middleware(Door, who=self.who)
        transport = httpx.ASGITransport(self.http, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://t")

    def _serve(self, http: FastAPI) -> None:
        @http.post("/v1/things", status_code=201)
        async def make(request: Request, response: Response, attempt: Attempt) -> dict[str, str]:
            body = (await request.body()).decode()
            await self.go.wait()
            self.done.append(attempt)
            if body == "broken":
                raise RuntimeError("a bug")
            if body == "wrong":
                response.status_code = 422
            if body == "secret":
                response.headers["Cache-Control"] = "no-store"
            response.headers["Location"] = f"/v1/things/{len(self.done)}"
            return {"number": str(len(self.done)), "pad": "x" * int(body) if body.isdigit() else ""}

    async def post(self, body: str = "", **more: object) -> httpx.Response:
        return await self.client.post("/v1/things", content=body, **{"headers": KEY, **more})  # type: ignore[arg-type]


@pytest.fixture
async def service() -> Service:
    """Nothing done yet."""
    return Service()


async def test_the_same_request_again_is_answered_and_not_done(service: Service) -> None:
    """With what the first one was answered: status, body, and where it is."""
    first, again = await service.post("a"), await service.post("a")

    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert again.headers["Location"] == first.headers["Location"]
    assert "Idempotency-Replayed" in again.headers
    assert len(service.done) == 1


async def test_another_request_with_the_key_is_refused(service: Service) -> None:
    """Another body or another query: 422, and nothing is done."""
    await service.post("a")

    refused = [await service.post("b"), await service.post("a", params={"dry_run": "true"})]

    assert [each.status_code for each in refused] == [422, 422]
    assert "Idempotency-Key" in refused[0].json()["detail"]
    assert len(service.done) == 1


async def test_while_the_first_is_not_finished_the_second_waits(service: Service) -> None:
    """409 with a word on when to try again."""
    service.go.clear()
    first = asyncio.create_task(service.post("a"))
    await asyncio.sleep(0.01)
    early = await service.post("a")
    service.go.set()

    assert (early.status_code, early.headers["Retry-After"]) == (409, "1")
    assert (await first).status_code == 201


@pytest.mark.parametrize("body", ["wrong", "broken"])
async def test_what_failed_gives_its_key_back(service: Service, body: str) -> None:
    """It changed nothing, so the mended request may bear it."""
    failed = await service.post(body)
    mended = await service.post("a")

    assert failed.status_code in (422, 500)
    assert mended.status_code == 201


async def test_a_key_is_one_persons(service: Service) -> None:
    """Nobody sees what another one was answered."""
    await service.post("a")
    service.who.append(Identity("token:2", "jo", Kind.TOKEN, frozenset()))
    other = await service.post("a")

    assert other.json()["number"] == "2"


@pytest.mark.parametrize("body", ["secret", str(ANSWER_BYTES_MAX)])
async def test_what_may_not_be_kept_is_not_done_again_either(service: Service, body: str) -> None:
    """A secret stands in no store; what is too long neither: 409 says that it was done."""
    first, again = await service.post(body), await service.post(body)

    assert (first.status_code, again.status_code) == (201, 409)
    assert all(each and each.body is None for each in service.kept.kept.values())


async def test_without_a_key_everything_is_done_each_time(service: Service) -> None:
    """As before; what it is known by is never the same."""
    for _ in "12":
        await service.post("a", headers={})

    assert len(set(service.done)) == 2


async def test_one_key_is_one_attempt_over_all_processes(service: Service) -> None:
    """An id made of it finds what a process has done that ended before it could say so."""
    await service.post("a")
    service.kept.kept.clear()
    await service.post("a")

    assert len(service.done) == 2
    assert len(set(service.done)) == 1


async def test_what_was_done_is_answered_though_its_answer_cannot_be_kept(
    service: Service,
) -> None:
    """The store went away in between: the client is told, and the log."""
    service.kept.away = True

    assert (await service.post("a")).status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "x" * 201, "\xe4".encode("latin-1")])
async def test_what_is_no_key_is_refused(service: Service, key: str | bytes) -> None:
    """Before anything is done."""
    reply = await service.post("a", headers={"Idempotency-Key": key})

    assert reply.status_code == 422
    assert service.done == []


async def test_a_key_may_stand_in_quotes(service: Service) -> None:
    """As the draft has it (RFC 9651, 3.3.3): it is the same key."""
    await service.post("a")
    again = await service.post("a", headers={"Idempotency-Key": '"9f1c3a52"'})

    assert "Idempotency-Replayed" in again.headers
