"""One OPC UA connection that lets nothing out but what SERVICES lists, each through the line."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.utils import Buffer
from asyncua.ua.status_codes import StatusCodes, get_name_and_doc
from asyncua.ua.ua_binary import struct_from_binary
from asyncua.ua.uaerrors import UaStatusCodeError

from isthmus.collector.adapters.opcua.wire import read_response
from isthmus.collector.domain.reading import Fault, Outcome
from isthmus.collector.domain.requests import Request
from isthmus.collector.ports import Line

# OPC 10000-4, section 5: every service that is ever asked of a server, beside those that open and
# close a connection (Hello, OpenSecureChannel, CreateSession, ActivateSession, and their ends).
SERVICES: Mapping[type[Any], tuple[Request, type[Any]]] = {
    ua.BrowseNextRequest: (Request.OPCUA_BROWSE, ua.BrowseNextResponse),
    ua.BrowseRequest: (Request.OPCUA_BROWSE, ua.BrowseResponse),
    ua.CreateMonitoredItemsRequest: (
        Request.OPCUA_CREATE_MONITORED_ITEMS,
        ua.CreateMonitoredItemsResponse,
    ),
    ua.CreateSubscriptionRequest: (
        Request.OPCUA_CREATE_SUBSCRIPTION,
        ua.CreateSubscriptionResponse,
    ),
    ua.DeleteSubscriptionsRequest: (
        Request.OPCUA_DELETE_SUBSCRIPTIONS,
        ua.DeleteSubscriptionsResponse,
    ),
    ua.GetEndpointsRequest: (Request.OPCUA_GET_ENDPOINTS, ua.GetEndpointsResponse),
    ua.PublishRequest: (Request.OPCUA_PUBLISH, ua.PublishResponse),
    ua.ReadRequest: (Request.OPCUA_READ, ua.ReadResponse),
    ua.TranslateBrowsePathsToNodeIdsRequest: (
        Request.OPCUA_TRANSLATE_BROWSE_PATHS,
        ua.TranslateBrowsePathsToNodeIdsResponse,
    ),
}
DECODERS: Mapping[type[Any], Callable[[Buffer], Any]] = {ua.ReadResponse: read_response}
NAME = "Isthmus collector"
APPLICATION_URI = "urn:isthmus:collector"
# A killed collector's session must not hold one of a PLC's few for long.
SESSION_TIMEOUT_MS = 60_000
CHANNEL_TIMEOUT_MS = 3_600_000
# OPC 10000-4, 5.5.2.1: a client renews after 75 % of the lifetime.
RENEW = 0.75
CLOSE_TIMEOUT_S = 0.8
PUBLISH_TIMEOUT_S = 0  # none: the server answers when it has something to say
# OPC 10000-4, 7.38.2.
TOO_MANY_CODES = frozenset(
    {
        StatusCodes.BadEncodingLimitsExceeded,
        StatusCodes.BadRequestTooLarge,
        StatusCodes.BadResponseTooLarge,
        StatusCodes.BadTcpMessageTooLarge,
        StatusCodes.BadTooManyOperations,
    }
)
BUSY_CODES = TOO_MANY_CODES | {
    StatusCodes.BadMaxConnectionsReached,
    StatusCodes.BadOutOfMemory,
    StatusCodes.BadResourceUnavailable,
    StatusCodes.BadServerTooBusy,
    StatusCodes.BadTcpNotEnoughResources,
    StatusCodes.BadTcpServerTooBusy,
    StatusCodes.BadTooManyMonitoredItems,
    StatusCodes.BadTooManySessions,
    StatusCodes.BadTooManySubscriptions,
}
CREDENTIAL_CODES = frozenset(
    {
        StatusCodes.BadCertificateInvalid,
        StatusCodes.BadCertificateTimeInvalid,
        StatusCodes.BadCertificateUntrusted,
        StatusCodes.BadCertificateUriInvalid,
        StatusCodes.BadCertificateUseNotAllowed,
        StatusCodes.BadIdentityTokenInvalid,
        StatusCodes.BadIdentityTokenRejected,
        StatusCodes.BadSecurityChecksFailed,
        StatusCodes.BadSecurityModeRejected,
        StatusCodes.BadSecurityPolicyRejected,
        StatusCodes.BadUserAccessDenied,
        StatusCodes.BadUserSignatureInvalid,
    }
)


class TooMany(Fault):
    """The server takes less than this in one call."""


def node(number: int) -> ua.NodeId:
    """A node of the OPC UA namespace itself."""
    return ua.NodeId(ua.Int32(number))


class Channel:
    """A connection to one server; raises Fault and what the line raises, and nothing else."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self.url = url
        self._timeout_s = timeout_s
        self.client = Client(url, timeout=timeout_s)
        self.client.uaclient.pre_request_hook = None  # it waits for a reconnection of its own
        self.client.name = self.client.description = NAME
        self.client.product_uri = APPLICATION_URI
        self.client.application_uri = APPLICATION_URI
        self.client.session_timeout = SESSION_TIMEOUT_MS
        self.client.secure_channel_timeout = CHANNEL_TIMEOUT_MS

    async def connect(self, line: Line, more: Callable[[], Awaitable[None]] | None = None) -> None:
        """Open socket and secure channel, and do what `more` needs, as one connection."""

        async def opened() -> None:
            try:
                await self.client.connect_sessionless()
                if more is not None:
                    await more()
            except BaseException:
                self.client.disconnect_socket()
                raise

        await line.connect(Request.OPCUA_CONNECT, lambda: self.translated(opened()))

    async def renew(self, line: Line) -> None:
        """Exchange the keys of the secure channel."""

        async def renewed() -> None:
            await self.client.open_secure_channel(renew=True)
            self.client.uaclient.revolve_security_token()

        await line.ask(Request.OPCUA_OPEN_SECURE_CHANNEL, lambda: self.translated(renewed()))

    async def ask(self, line: Line, request: Any) -> Any:
        """The answer of one service."""
        kind, _ = SERVICES[type(request)]
        return await line.ask(kind, lambda: self._sent(request))

    async def publish(self, line: Line, request: ua.PublishRequest) -> ua.PublishResponse:
        """What the server has to say; waits until it says it."""
        line.sent(Request.OPCUA_PUBLISH)
        answer: ua.PublishResponse = await self._sent(request, PUBLISH_TIMEOUT_S)
        return answer

    async def close(self) -> None:
        """Close session, channel and socket; the socket also when the server says nothing."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                if self._open:
                    await self.client.close_session()
                if self._open:
                    await self.client.close_secure_channel()
        except Exception:
            pass  # the server has gone: nobody is left to tell
        finally:
            self.client.disconnect_socket()

    @property
    def _open(self) -> bool:
        protocol = self.client.uaclient.protocol
        return protocol is not None and not protocol.is_closed

    async def _sent(self, request: Any, timeout_s: float | None = None) -> Any:
        return await self.translated(self._exchanged(request, timeout_s))

    async def _exchanged(self, request: Any, timeout_s: float | None) -> Any:
        protocol = self.client.uaclient.protocol
        if protocol is None:
            raise ConnectionError("connection lost")
        _, kind = SERVICES[type(request)]
        decode = DECODERS.get(kind) or partial(struct_from_binary, kind)
        answer = decode(await protocol.send_request(request, timeout_s))
        answer.ResponseHeader.ServiceResult.check()
        return answer

    async def translated(self, request: Awaitable[Any]) -> Any:
        """What `request` returns; what the library raises as a Fault."""
        try:
            return await request
        except Fault:
            raise
        except TimeoutError as error:
            text = f"{self.url}: no answer within {self._timeout_s:g} s"
            raise Fault(Outcome.TIMEOUT, text) from error
        except UaStatusCodeError as error:
            raise refused(self.url, error.code) from error
        except OSError as error:
            text = f"{self.url}: {str(error) or 'connection lost'}"
            raise Fault(Outcome.UNREACHABLE, text) from error
        except Exception as error:
            text = f"{self.url}: what it sends is no answer: {type(error).__name__} {error}"
            raise Fault(Outcome.GARBLED, text) from error


def refused(url: str, code: int) -> Fault:
    """The fault of a status code that a server answers instead of what it was asked for."""
    text = f"{url}: {get_name_and_doc(code)[0]}"
    if code in TOO_MANY_CODES:
        return TooMany(Outcome.REFUSED, text, busy=True)
    if code in CREDENTIAL_CODES:
        return Fault(Outcome.UNAUTHORIZED, text)
    return Fault(Outcome.REFUSED, text, busy=code in BUSY_CODES)
