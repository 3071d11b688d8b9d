"""One service process: its HTTP server, its consumers, its background tasks, and its end."""

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from functools import partial
from typing import Any, NoReturn, Self

import prometheus_client
import structlog
import uvicorn
import uvloop
from fastapi import Response
from fastapi.responses import JSONResponse, PlainTextResponse
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaAckableMessage

from isthmus.runtime import VERSION
from isthmus.runtime.codec import M
from isthmus.runtime.connection import certificate_end, connection
from isthmus.runtime.consume import Consumer, Handler
from isthmus.runtime.errors import IsthmusError
from isthmus.runtime.garbage import Garbage
from isthmus.runtime.http import api
from isthmus.runtime.metrics import Metrics
from isthmus.runtime.publish import HINT, Publisher
from isthmus.runtime.registry import registry
from isthmus.runtime.settings import Kafka, Settings
from isthmus.runtime.telemetry import configure_logs

log = structlog.get_logger()
STUCK_S = 150  # half of Kafka's max.poll.interval.ms (300,000)
Task = Callable[[], Awaitable[Any]]
Check = Callable[[], Awaitable[str | None]]


class Application:
    """What a service's `app` wires: consumers, resources, background tasks, checks, routes."""

    def __init__(
        self, service: str, settings: Settings, *, description: str, kafka_may_wait: bool = False
    ) -> None:
        configure_logs(service, settings.telemetry)
        self.service = service
        self.stopping = asyncio.Event()
        self.registry = prometheus_client.CollectorRegistry()
        prometheus_client.ProcessCollector(registry=self.registry)
        prometheus_client.GCCollector(registry=self.registry)
        self.metrics = Metrics(service, self.registry)
        self.publisher = Publisher(settings.kafka, service, self.metrics)
        self.metrics.certificate_end.set_function(partial(certificate_end, settings.kafka))
        self.broker = KafkaBroker(
            settings.kafka.bootstrap_servers.split(","),
            client_id=service,
            ack_policy=AckPolicy.NACK_ON_ERROR,
            allow_auto_create_topics=False,
            consumer_only=True,
            apply_types=False,
            graceful_timeout=settings.http.stop_timeout_s,
            logger=logging.getLogger("isthmus.faststream"),
            log_level=logging.DEBUG,
        )
        self.http = api(service, description)
        self.facts: dict[str, str] = {}  # shown by /readyz, without making it unready
        self._settings = settings
        self._kafka_may_wait = kafka_may_wait
        self._consumers: list[tuple[Consumer[Any], Any]] = []
        self._resources: list[AbstractAsyncContextManager[Any]] = []
        self._entered = AsyncExitStack()
        self._tasks: dict[str, Task] = {"garbage": Garbage().run, "loop": self._tick}
        self._running: list[asyncio.Task[None]] = []
        self._checks: dict[str, Check] = {"kafka": self.publisher.ping}
        _add_health(self)

    def consume(
        self,
        topic: str,
        kind: type[M],
        handler: Handler[M],
        *,
        required: Sequence[str],
        listener: Any = None,
        group: str | None = None,
    ) -> None:
        """Hand every record of `topic` to `handler`; `listener` hears of rebalances.

        A second topic may have a `group` of its own, so that neither waits for the other's
        rebalances.
        """
        settings = self._settings
        # Two members of one group must not bear one name: the later one would fence the former.
        member = settings.kafka.group_instance_id
        consumer = Consumer(
            self.service, topic, kind, required, handler,
            settings.consume, self.publisher, self.metrics, self.stopping, listener,
        )  # fmt: skip

        async def unparsed(raw: tuple[Any, ...]) -> KafkaAckableMessage:
            return KafkaAckableMessage(
                body=b"", raw_message=raw, headers={}, consumer=subscriber.consumer
            )

        async def undecoded(message: KafkaAckableMessage) -> Any:
            return message.raw_message

        subscriber: Any = self.broker.subscriber(
            topic,
            batch=True,
            group_id=group or self.service,
            group_instance_id=member and f"{member}-{topic}",
            auto_offset_reset="earliest",
            max_records=settings.consume.batch_records,
            batch_timeout_ms=50,
            session_timeout_ms=int(settings.kafka.session_timeout_s * 1000),
            heartbeat_interval_ms=int(settings.kafka.session_timeout_s * 250),
            listener=consumer,
            parser=unparsed,
            decoder=undecoded,
            title=topic,
        )

        async def handle(raw: Sequence[Any]) -> None:
            await consumer(raw, subscriber.consumer)

        subscriber(handle)
        self._consumers.append((consumer, subscriber))

    def resource(self, resource: AbstractAsyncContextManager[Any]) -> None:
        """Enter `resource` before anything is consumed; leave it after everything has ended."""
        self._resources.append(resource)

    def background(self, name: str, task: Task) -> None:
        """Run `task` as long as the service runs; if it ends or raises, so does the service."""
        self._tasks[name] = task

    def check(self, name: str, check: Check) -> None:
        """Be ready only while `check` returns None; its text says what is missing."""
        self._checks[name] = check

    async def unready(self) -> dict[str, str]:
        """What keeps the service from being ready, by name."""
        found = {name: reason for name, check in self._checks.items() if (reason := await check())}
        for consumer, subscriber in self._consumers:
            if consumer.tripped:
                found[consumer.topic] = "too many records in a row were rejected; see the log"
            elif subscriber.consumer is None or not subscriber.consumer.assignment():
                found[consumer.topic] = "no partition assigned yet"
        return {**found, "process": "stopping"} if self.stopping.is_set() else found

    def stuck(self) -> str | None:
        """What has made no progress for too long, or None; independent of Kafka being there."""
        for consumer, _ in self._consumers:
            if consumer.busy_since and time.monotonic() - consumer.busy_since > STUCK_S:
                return f"{consumer.topic}: one batch has taken more than {STUCK_S} s"
        return None

    def run(self) -> NoReturn:
        """Serve until SIGTERM; exits 0 when stopped, 1 when it failed, 2 when a part is missing."""
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            sys.exit(runner.run(self._serve()))

    async def __aenter__(self) -> Self:
        """Check what is needed, then start; raises IsthmusError when a part is missing."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.publisher)
            if not self._kafka_may_wait:
                await self._require_kafka()
                await self._require_topics()
            for resource in self._resources:
                await stack.enter_async_context(resource)
            # FastStream has a class for each way to authenticate, and would read secrets at import.
            self.broker._connection_kwargs |= connection(self._settings.kafka)
            await self.broker.start()
            self._entered = stack.pop_all()
        tasks = self._tasks.items()
        self._running = [asyncio.create_task(_run(task), name=name) for name, task in tasks]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Drain, then leave; raises TimeoutError when that takes longer than it may."""
        self.stopping.set()
        for task in self._running:
            task.cancel()
        async with asyncio.timeout(self._settings.http.stop_timeout_s):
            await asyncio.gather(*self._running, return_exceptions=True)
            await self.broker.stop()
            await self._entered.aclose()

    async def _serve(self) -> int:
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, self.stopping.set)
        status = 1
        try:
            listener = self._listener()
            server = _Server(uvicorn.Config(self.http, log_config=None, lifespan="off"))
            self._tasks["http"] = partial(server.serve, [listener])
            async with self:
                host, port = listener.getsockname()[:2]
                log.info("service_started", host=host, port=port, version=VERSION)
                status = await self._until_stopped()
        except TimeoutError:
            # aiokafka retries a commit for ever while the brokers are gone; what is not
            # committed comes again, so that nothing is lost by leaving here.
            log.warning("stop_timed_out", after_s=self._settings.http.stop_timeout_s)
            logging.shutdown()
            os._exit(1)
        except IsthmusError as error:
            log.error("start_failed", reason=str(error))
            return 2
        log.info("service_stopped", status=status)
        return status

    def _listener(self) -> socket.socket:
        host, port = self._settings.http.host, self._settings.http.port
        try:
            return socket.create_server((host, port))
        except OSError as error:
            hint = "mend ISTHMUS_HTTP__HOST or ISTHMUS_HTTP__PORT"
            raise IsthmusError(f"http: {host}:{port}: {error.strerror}; {hint}") from error

    async def _until_stopped(self) -> int:
        stop = asyncio.create_task(self.stopping.wait())
        done, _ = await asyncio.wait([stop, *self._running], return_when=asyncio.FIRST_COMPLETED)
        if stop in done:
            return 0
        stop.cancel()
        for task in done:
            log.error("task_ended", task=task.get_name(), exc_info=task.exception())
        return 1

    async def _require_kafka(self) -> None:
        kafka = self._settings.kafka
        deadline = time.monotonic() + kafka.start_timeout_s
        while reason := await _unreachable(kafka):
            if time.monotonic() > deadline:
                raise IsthmusError(
                    f"kafka: {kafka.bootstrap_servers}: no broker answers: {reason}; "
                    f"start Kafka or {HINT}"
                )
            await asyncio.sleep(0.5)

    async def _require_topics(self) -> None:
        needed = {name for name, topic in registry().items() if self.service in topic.services()}
        needed |= {consumer.topic for consumer, _ in self._consumers}
        missing = needed - await self.publisher.topics()
        if missing:
            hint = "run python -m isthmus.runtime.topics apply"
            raise IsthmusError(f"topics are missing: {', '.join(sorted(missing))}; {hint}")

    async def _tick(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(1)
            self.metrics.loop_late.inc(max(0.0, time.monotonic() - before - 1))


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, which would end the process before consumers drain."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _run(task: Task) -> None:
    await task()


async def _unreachable(kafka: Kafka) -> str | None:
    """Why no broker can be connected to, or None."""
    reason = None
    for server in kafka.bootstrap_servers.split(","):
        host, _, port = server.rpartition(":")
        try:
            async with asyncio.timeout(3):
                context = connection(kafka).get("ssl_context")
                _, writer = await asyncio.open_connection(host, int(port), ssl=context)
        except (OSError, TimeoutError) as error:
            reason = str(error) or "no answer"
            continue
        writer.close()
        return None
    return reason


def _add_health(app: Application) -> None:
    @app.http.get(
        "/livez",
        tags=["health"],
        summary="Is the process making progress?",
        response_class=PlainTextResponse,
    )
    async def livez() -> Response:
        reason = app.stuck()
        return PlainTextResponse(reason or "ok", 503 if reason else 200)

    @app.http.get("/readyz", tags=["health"], summary="Can the service do its work now?")
    async def readyz() -> JSONResponse:
        reasons = await app.unready()
        return JSONResponse({"ready": not reasons, **app.facts, **reasons}, 503 if reasons else 200)

    @app.http.get(
        "/metrics",
        tags=["health"],
        summary="Prometheus metrics",
        response_class=PlainTextResponse,
    )
    async def metrics() -> Response:
        page = prometheus_client.generate_latest(app.registry)
        return Response(page, media_type=prometheus_client.CONTENT_TYPE_LATEST)
