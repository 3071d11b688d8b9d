"""What requests with a key were answered, in MongoDB; only calls that both clients share."""

from datetime import datetime
from typing import Any

from pymongo.errors import DuplicateKeyError

from isthmus.runtime.door.once import KEPT, LEASE, Answer
from isthmus.runtime.store import translated


class MongoAnswers:
    """The collection `answers`: a claim first, the answer when there is one, gone after a day."""

    def __init__(self, database: Any) -> None:
        self._answers = database["answers"]

    async def prepare(self) -> None:
        """Make the index by which the store itself removes them; idempotent."""
        with translated():
            await self._answers.create_index("expires_at", expireAfterSeconds=0, name="retention")

    async def claim(self, id: str, now: datetime) -> Answer | bool:
        claim = {"expires_at": now + KEPT, "lease_until": now + LEASE, "answer": None}
        with translated():
            try:
                await self._answers.insert_one({"_id": id, **claim})
            except DuplicateKeyError:
                return await self._held(id, now, claim)
        return True

    async def _held(self, id: str, now: datetime, claim: dict[str, Any]) -> Answer | bool:
        found = await self._answers.find_one({"_id": id})
        if not found:
            return False  # released a moment ago
        if found["expires_at"] > now and (found["answer"] or found["lease_until"] > now):
            return _answer(found["answer"]) if found["answer"] else False
        free = {"_id": id, "lease_until": found["lease_until"]}
        taken = await self._answers.update_one(free, {"$set": claim})
        return bool(taken.modified_count)

    async def keep(self, id: str, answer: Answer) -> None:
        said = {
            "request": answer.request,
            "status": answer.status,
            "headers": [list(header) for header in answer.headers],
            "body": answer.body,
        }
        with translated():
            await self._answers.update_one({"_id": id}, {"$set": {"answer": said}})

    async def release(self, id: str) -> None:
        with translated():
            await self._answers.delete_one({"_id": id, "answer": None})


def _answer(said: dict[str, Any]) -> Answer:
    return Answer(
        request=said["request"],
        status=said["status"],
        headers=tuple((name, value) for name, value in said["headers"]),
        body=None if said["body"] is None else bytes(said["body"]),
    )
