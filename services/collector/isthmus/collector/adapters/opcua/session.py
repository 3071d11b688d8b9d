"""One OPC UA session that only browses, reads and subscribes, within the server's limits."""

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from isthmus.collector.adapters.opcua.channel import RENEW, Channel, TooMany, node
from isthmus.collector.adapters.opcua.security import Access, thumbprint, utc_now
from isthmus.collector.domain.reading import Fault, Outcome
from isthmus.collector.ports import Line

T = TypeVar("T")
R = TypeVar("R")
BrowsePath = Sequence[ua.QualifiedName]
CHILDREN_MAX = 500
REFERENCES_MAX = 100  # in one answer; the rest comes by continuation points
# The server may answer from what it read of its own devices this short a time ago.
MAX_AGE_MS = 500
IDLE = 0.9  # of the session's timeout: later than that it may be gone
# OPC 10000-5, 6.3.11, and what is asked where the server names no limit: 1,000 nodes are the most
# that an S7-1500 takes in one call.
LIMITS = {
    "read": (ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead, 1000),
    "browse": (ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerBrowse, 100),
    "find": (
        ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerTranslateBrowsePathsToNodeIds,
        250,
    ),
    "monitor": (
        ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall,
        1000,
    ),
}


class Limits:
    """What one server takes in one call: as it says, and as it showed; outlives a session."""

    def __init__(self) -> None:
        self._most = {what: most for what, (_, most) in LIMITS.items()}

    def size(self, what: str, items_max: int | None) -> int:
        """Most items in one call."""
        return min(self._most[what], items_max or self._most[what])

    def lower(self, what: str, most: int) -> None:
        """Never more than `most` again."""
        self._most[what] = max(1, min(self._most[what], most))


class Session:
    """A session with one server; raises Fault and what the line raises, and nothing else."""

    def __init__(self, access: Access, timeout_s: float, limits: Limits) -> None:
        self._access = access
        self._limits = limits
        self._timeout_s = timeout_s
        self._channel = Channel(access.url, timeout_s)
        self._used_at = self._renewed_at = 0.0
        self.thumbprint = ""
        """Of the server's certificate, where it shows one."""
        self.server_time_s = 0.0
        """The server's clock at its last answer, in seconds since the epoch."""

    async def open(
        self, line: Line, known: ua.EndpointDescription | None
    ) -> ua.EndpointDescription | None:
        """Connect, and learn what the server takes in one call.

        A secured server is asked for its endpoints first, unless they are `known`; nothing secret
        leaves before its certificate is trusted. Returns the endpoint, to be known next time.
        """
        if self._access.secured:
            known = known or await self._discovered(line)
            certificate = self._access.trust(known, utc_now())
            self._access.secure(self._channel.client, certificate)
        await self._channel.connect(line, self._entered)
        self._used_at = self._renewed_at = time.monotonic()
        await self._learn_limits(line)
        return known

    @property
    def gone(self) -> bool:
        """The server has dropped it by now, because nothing was asked for too long."""
        client, now = self._channel.client, time.monotonic()
        idle_s, age_s = now - self._used_at, now - self._renewed_at
        return (
            idle_s > IDLE * client.session_timeout / 1000
            or age_s > client.secure_channel_timeout / 1000
        )

    async def keep(self, line: Line) -> None:
        """Renew the secure channel when it is time."""
        lifetime_s = self._channel.client.secure_channel_timeout / 1000
        if time.monotonic() - self._renewed_at > RENEW * lifetime_s:
            await self._channel.renew(line)
            self._renewed_at = time.monotonic()

    async def close(self) -> None:
        """Close session, channel and socket."""
        await self._channel.close()

    async def read(self, line: Line, wanted: Sequence[ua.ReadValueId]) -> list[ua.DataValue]:
        """What is `wanted`, each with its status."""

        async def ask(chunk: Sequence[ua.ReadValueId]) -> Sequence[ua.DataValue]:
            parameters = ua.ReadParameters(MaxAge=MAX_AGE_MS, NodesToRead=list(chunk))
            answer = await self.ask(line, ua.ReadRequest(Parameters=parameters))
            self.server_time_s = epoch_s(answer.ResponseHeader.Timestamp)
            return answer.Results or []

        return await self.batches(line, "read", wanted, ask)

    async def children(
        self, line: Line, starts: Sequence[ua.NodeId]
    ) -> list[list[ua.ReferenceDescription]]:
        """Objects below each of `starts`, at most CHILDREN_MAX each."""

        async def ask(chunk: Sequence[ua.NodeId]) -> Sequence[ua.BrowseResult]:
            parameters = ua.BrowseParameters(
                RequestedMaxReferencesPerNode=REFERENCES_MAX,
                NodesToBrowse=[_objects_below(start) for start in chunk],
            )
            answer = await self.ask(line, ua.BrowseRequest(Parameters=parameters))
            return answer.Results or []

        results = await self.batches(line, "browse", starts, ask)
        return [await self._all_references(line, result) for result in results]

    async def find(
        self, line: Line, paths: Sequence[tuple[ua.NodeId, BrowsePath]]
    ) -> list[ua.NodeId | None]:
        """The node at the end of each path of browse names, or None where there is none."""

        async def ask(
            chunk: Sequence[tuple[ua.NodeId, BrowsePath]],
        ) -> Sequence[ua.BrowsePathResult]:
            request = ua.TranslateBrowsePathsToNodeIdsRequest()
            request.Parameters.BrowsePaths = [
                ua.BrowsePath(start, ua.RelativePath([_step(name) for name in path]))
                for start, path in chunk
            ]
            answer = await self.ask(line, request)
            return answer.Results or []

        return [_target(result) for result in await self.batches(line, "find", paths, ask)]

    async def ask(self, line: Line, request: Any) -> Any:
        """The answer of one service."""
        answer = await self._channel.ask(line, request)
        self._used_at = time.monotonic()
        return answer

    async def publish(self, line: Line, request: ua.PublishRequest) -> ua.PublishResponse:
        """What the server has to say; waits until it says it."""
        answer = await self._channel.publish(line, request)
        self._used_at = time.monotonic()
        return answer

    def size(self, what: str, line: Line) -> int:
        """Most items of the next call."""
        return self._limits.size(what, line.items_max)

    async def batches(
        self,
        line: Line,
        what: str,
        items: Sequence[T],
        ask: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
    ) -> list[R]:
        """One answer for each of `items`, asked in as many calls as the server needs."""
        answers: list[R] = []
        while len(answers) < len(items):
            chunk = items[len(answers) : len(answers) + self.size(what, line)]
            try:
                found = await ask(chunk)
            except TooMany:
                if len(chunk) == 1:
                    raise
                self._limits.lower(what, len(chunk) // 2)
                continue
            if len(found) != len(chunk):
                text = f"{self._access.url}: {len(found)} answers to {len(chunk)} nodes"
                raise Fault(Outcome.GARBLED, text)
            answers += found
        return answers

    async def _discovered(self, line: Line) -> ua.EndpointDescription:
        channel = Channel(self._access.url, self._timeout_s)
        try:
            await channel.connect(line)
            return self._access.endpoint(await endpoints(channel, line))
        finally:
            await channel.close()

    async def _entered(self) -> None:
        client = self._channel.client
        created = await client.create_session()
        self.thumbprint = thumbprint(created.ServerCertificate)
        await self._access.activate(client, created, utc_now())

    async def _learn_limits(self, line: Line) -> None:
        wanted = [reading(node(number)) for number, _ in LIMITS.values()]
        for what, value in zip(LIMITS, await self.read(line, wanted), strict=True):
            most = value.Value.Value if value.Value is not None else None
            if isinstance(most, int) and most > 0:
                self._limits.lower(what, most)

    async def _all_references(
        self, line: Line, result: ua.BrowseResult
    ) -> list[ua.ReferenceDescription]:
        found = list(result.References or [])
        while result.ContinuationPoint:
            request = ua.BrowseNextRequest()
            request.Parameters.ContinuationPoints = [result.ContinuationPoint]
            request.Parameters.ReleaseContinuationPoints = len(found) >= CHILDREN_MAX
            answers = (await self.ask(line, request)).Parameters.Results or []
            if request.Parameters.ReleaseContinuationPoints or not answers:
                break
            result = answers[0]
            found += result.References or []
        return found[:CHILDREN_MAX]


async def endpoints(channel: Channel, line: Line) -> list[ua.EndpointDescription]:
    """What the server offers; needs no session."""
    request = ua.GetEndpointsRequest()
    request.Parameters.EndpointUrl = channel.url
    answer = await channel.ask(line, request)
    return list(answer.Endpoints or [])


def epoch_s(at: datetime | None) -> float:
    """Seconds since the epoch of a time in UTC."""
    return at.replace(tzinfo=UTC).timestamp() if at is not None else 0.0


def reading(wanted: ua.NodeId) -> ua.ReadValueId:
    """The value of one node."""
    return ua.ReadValueId(NodeId=wanted, AttributeId=AttributeIds.Value)


def _objects_below(start: ua.NodeId) -> ua.BrowseDescription:
    return ua.BrowseDescription(
        NodeId=start,
        BrowseDirection=ua.BrowseDirection.Forward,
        ReferenceTypeId=node(ObjectIds.HierarchicalReferences),
        IncludeSubtypes=True,
        NodeClassMask=ua.NodeClass.Object,
        ResultMask=ua.BrowseResultMask.BrowseName,
    )


def _step(name: ua.QualifiedName) -> ua.RelativePathElement:
    backwards: Any = False  # asyncua declares a Boolean that nobody can make
    return ua.RelativePathElement(
        ReferenceTypeId=node(ObjectIds.HierarchicalReferences),
        IsInverse=backwards,
        TargetName=name,
    )


def _target(result: ua.BrowsePathResult) -> ua.NodeId | None:
    if not result.StatusCode.is_good() or not result.Targets:
        return None
    target: ua.NodeId = result.Targets[0].TargetId
    return target
