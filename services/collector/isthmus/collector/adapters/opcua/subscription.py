"""One subscription for all values of a server: what it said last, and whether it still speaks."""

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

from asyncua import ua

from isthmus.collector.adapters.opcua.session import Session, epoch_s, reading
from isthmus.collector.domain.reading import Fault, Outcome
from isthmus.collector.ports import Line

PUBLISHING_MAX_S = 10.0  # also the keep-alive: well within a session's timeout
LIFETIME_S = 60.0  # how long a server keeps a subscription whose client was killed
MISSED_MAX = 2  # keep-alives in a row: one may be late
MARGIN_S = 5.0
NOTIFICATIONS_MAX = 1000  # in one answer


class Subscription:
    """Holds the latest value of each node, one for each: it cannot grow, nothing overflows."""

    def __init__(self, session: Session, url: str) -> None:
        self._session = session
        self._url = url
        self._number = 0
        self._nodes: dict[int, ua.NodeId] = {}
        self._latest: dict[ua.NodeId, ua.DataValue] = {}
        self._sequence: int | None = None
        self._heard_at = time.monotonic()
        self._keep_alive_s = PUBLISHING_MAX_S
        self._lost: Fault | None = None
        self._publishing: asyncio.Task[None] | None = None
        self.server_time_s = 0.0
        """The server's clock when it last spoke, in seconds since the epoch."""

    async def open(self, line: Line, intervals_s: Mapping[ua.NodeId, float]) -> None:
        """Subscribe to each node at its interval; what the server does not monitor is left out."""
        self._number = number = await self._created(line, min(intervals_s.values()))
        wanted = list(enumerate(intervals_s.items()))

        async def ask(chunk: Sequence[tuple[int, Any]]) -> Sequence[ua.MonitoredItemCreateResult]:
            request = ua.CreateMonitoredItemsRequest()
            request.Parameters.SubscriptionId = number
            request.Parameters.TimestampsToReturn = ua.TimestampsToReturn.Source
            request.Parameters.ItemsToCreate = [_monitored(handle, *of) for handle, of in chunk]
            return (await self._session.ask(line, request)).Results or []

        results = await self._session.batches(line, "monitor", wanted, ask)
        for (handle, (wanted_node, _)), result in zip(wanted, results, strict=True):
            if result.StatusCode.is_good():
                self._nodes[handle] = wanted_node
        self._publishing = asyncio.create_task(self._publish(line))

    def latest(self) -> Mapping[ua.NodeId, ua.DataValue]:
        """The last value of each node; raises Fault when the server has gone quiet or is lost."""
        silent_s = time.monotonic() - self._heard_at
        if self._lost is None and silent_s > self.silent_max_s:
            text = f"{self._url}: no keep-alive for {silent_s:.0f} s"
            self._lost = Fault(Outcome.TIMEOUT, text)
        if self._lost is not None:
            raise self._lost
        return self._latest

    @property
    def silent_max_s(self) -> float:
        """After so many seconds without a word from the server its values are not current."""
        return MISSED_MAX * self._keep_alive_s + MARGIN_S

    async def delete(self, line: Line) -> None:
        """End it, while its session goes on."""
        await self.close()
        request = ua.DeleteSubscriptionsRequest()
        request.Parameters.SubscriptionIds = [self._number]
        await self._session.ask(line, request)

    async def close(self) -> None:
        """Stop listening; the session's end is the subscription's, too."""
        if self._publishing is not None:
            self._publishing.cancel()
            await asyncio.wait({self._publishing})

    async def _created(self, line: Line, interval_s: float) -> int:
        publishing_s = min(interval_s, PUBLISHING_MAX_S)
        keep_alives = max(1, round(PUBLISHING_MAX_S / publishing_s))
        request = ua.CreateSubscriptionRequest()
        request.Parameters = ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=publishing_s * 1000,
            RequestedLifetimeCount=max(3 * keep_alives, math.ceil(LIFETIME_S / publishing_s)),
            RequestedMaxKeepAliveCount=keep_alives,
            MaxNotificationsPerPublish=NOTIFICATIONS_MAX,
            PublishingEnabled=True,
        )
        made = (await self._session.ask(line, request)).Parameters
        self._keep_alive_s = made.RevisedPublishingInterval / 1000 * made.RevisedMaxKeepAliveCount
        number: int = made.SubscriptionId
        return number

    async def _publish(self, line: Line) -> None:
        acknowledged: list[ua.SubscriptionAcknowledgement] = []
        while self._lost is None:
            request = ua.PublishRequest()
            request.Parameters.SubscriptionAcknowledgements = acknowledged
            try:
                acknowledged = self._heard((await self._session.publish(line, request)).Parameters)
            except Fault as fault:
                self._lost = fault
            except Exception as error:
                text = f"{self._url}: what it publishes is no notification: {error}"
                self._lost = Fault(Outcome.GARBLED, text)

    def _heard(self, said: ua.PublishResult) -> list[ua.SubscriptionAcknowledgement]:
        message = said.NotificationMessage
        self._heard_at = time.monotonic()
        self.server_time_s = epoch_s(message.PublishTime)
        if not message.NotificationData:  # a keep-alive: its number is the next message's
            return []
        if self._sequence is not None and message.SequenceNumber != _next(self._sequence):
            text = f"{self._url}: the server has lost what it had to say, subscribing again"
            self._lost = Fault(Outcome.GARBLED, text)
        self._sequence = message.SequenceNumber
        for notification in message.NotificationData:
            self._take(notification)
        return [ua.SubscriptionAcknowledgement(said.SubscriptionId, message.SequenceNumber)]

    def _take(self, notification: Any) -> None:
        if isinstance(notification, ua.DataChangeNotification):
            for change in notification.MonitoredItems or []:
                if change.ClientHandle in self._nodes:
                    self._latest[self._nodes[change.ClientHandle]] = change.Value
        elif isinstance(notification, ua.StatusChangeNotification):
            text = f"{self._url}: the server has ended the subscription: {notification.Status.name}"
            self._lost = Fault(Outcome.REFUSED, text)


def _monitored(handle: int, wanted: ua.NodeId, interval_s: float) -> ua.MonitoredItemCreateRequest:
    return ua.MonitoredItemCreateRequest(
        ItemToMonitor=reading(wanted),
        MonitoringMode=ua.MonitoringMode.Reporting,
        RequestedParameters=ua.MonitoringParameters(
            ClientHandle=handle,
            SamplingInterval=interval_s * 1000,
            QueueSize=1,
            DiscardOldest=True,
        ),
    )


def _next(sequence: int) -> int:
    """OPC 10000-4, 7.9: a Counter that leaves out zero."""
    return sequence + 1 if sequence < 2**32 - 1 else 1
