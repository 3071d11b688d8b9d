"""One OPC UA session that only browses and reads, in batches within the server's limits."""

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from typing import Any, TypeVar

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes, get_name_and_doc
from asyncua.ua.uaerrors import UaStatusCodeError

from isthmus.collector.domain import Fault, Outcome

T = TypeVar("T")
# A killed collector's session must not hold one of a PLC's few for long.
SESSION_TIMEOUT_MS = 60_000
CHANNEL_TIMEOUT_MS = 600_000
WATCHDOG_S = 20.0
CLOSE_TIMEOUT_S = 0.8
NODES_MAX = 1000  # the most that an S7-1500 takes in one call
PATHS_MAX = 250
CHILDREN_MAX = 500
CREDENTIAL_CODES = frozenset(
    {
        StatusCodes.BadIdentityTokenInvalid,
        StatusCodes.BadIdentityTokenRejected,
        StatusCodes.BadUserAccessDenied,
        StatusCodes.BadSecurityChecksFailed,
    }
)


def node(number: int) -> ua.NodeId:
    """A node of the OPC UA namespace itself."""
    return ua.NodeId(ua.Int32(number))


MAX_NODES_PER_READ = node(ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead)


class Session:
    """A connection to one server; raises Fault and nothing else."""

    def __init__(self, url: str, timeout_s: float, application: str) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._client = Client(url, timeout=timeout_s, watchdog_intervall=WATCHDOG_S)
        self._client.session_timeout = SESSION_TIMEOUT_MS
        self._client.secure_channel_timeout = CHANNEL_TIMEOUT_MS
        self._client.application_uri = f"urn:isthmus:{application}"
        self._nodes_max = NODES_MAX

    async def open(self) -> None:
        """Connect, and learn what the server takes in one call."""
        await self._ask(self._client.connect())
        limit = (await self.read([MAX_NODES_PER_READ]))[0]
        if limit.Value is not None and isinstance(limit.Value.Value, int) and limit.Value.Value > 0:
            self._nodes_max = min(NODES_MAX, limit.Value.Value)

    async def close(self) -> None:
        """Close session, channel and socket; the socket also when the server says nothing."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._client.disconnect()
        except Exception:
            self._client.disconnect_socket()  # the server has gone: nobody is left to tell

    async def read(self, nodes: Sequence[ua.NodeId]) -> list[ua.DataValue]:
        """The values of `nodes`, each with its status."""
        values: list[ua.DataValue] = []
        for chunk in _chunks(nodes, self._nodes_max):
            request = self._client.uaclient.read_attributes(list(chunk), AttributeIds.Value)
            values += await self._ask(request)
        if len(values) != len(nodes):
            raise Fault(Outcome.GARBLED, f"{self._url}: {len(values)} values, asked {len(nodes)}")
        return values

    async def children(self, start: ua.NodeId) -> list[ua.ReferenceDescription]:
        """Objects below `start`, at most CHILDREN_MAX."""
        browse = ua.BrowseDescription(
            NodeId=start,
            BrowseDirection=ua.BrowseDirection.Forward,
            ReferenceTypeId=node(ObjectIds.HierarchicalReferences),
            IncludeSubtypes=True,
            NodeClassMask=ua.NodeClass.Object,
            ResultMask=ua.BrowseResultMask.All,
        )
        parameters = ua.BrowseParameters(
            RequestedMaxReferencesPerNode=CHILDREN_MAX, NodesToBrowse=[browse]
        )
        results = await self._ask(self._client.uaclient.browse(parameters))
        return list(results[0].References or [])

    async def find(self, paths: Sequence[tuple[ua.NodeId, str]]) -> list[ua.NodeId | None]:
        """The node at each browse path (OPC 10000-4, annex A.2), or None where there is none."""
        found: list[ua.NodeId | None] = []
        for chunk in _chunks(paths, PATHS_MAX):
            request = [
                ua.BrowsePath(start, ua.RelativePath.from_string(path)) for start, path in chunk
            ]
            translate = self._client.uaclient.translate_browsepaths_to_nodeids(request)
            found += [_target(result) for result in await self._ask(translate)]
        return found

    async def _ask(self, request: Awaitable[T]) -> T:
        try:
            return await request
        except TimeoutError as error:
            text = f"{self._url}: no answer within {self._timeout_s:g} s"
            raise Fault(Outcome.TIMEOUT, text) from error
        except UaStatusCodeError as error:
            refused = error.code in CREDENTIAL_CODES
            outcome = Outcome.UNAUTHORIZED if refused else Outcome.REFUSED
            raise Fault(outcome, f"{self._url}: {get_name_and_doc(error.code)[0]}") from error
        except OSError as error:
            text = f"{self._url}: {str(error) or 'connection lost'}"
            raise Fault(Outcome.UNREACHABLE, text) from error
        except Exception as error:
            text = f"{self._url}: what it sends is no answer: {type(error).__name__} {error}"
            raise Fault(Outcome.GARBLED, text) from error


def _target(result: Any) -> ua.NodeId | None:
    if not result.StatusCode.is_good() or not result.Targets:
        return None
    target: ua.NodeId = result.Targets[0].TargetId
    return target


def _chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
