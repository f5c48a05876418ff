"""Figures for Prometheus: what the server does, what the router says of itself, and how the queues stand.

Read by whoever has the token: how busy a contact centre is is nobody else's business.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, Protocol, final

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from desk.calls import Access, Call, Operation, Room, plain
from desk.faults import fault

__all__ = ["Figure", "Meter", "Reading", "room"]

_MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One number of now."""

    name: str
    """What it is called, ``desk_`` before it included."""
    about: str
    """What it means."""
    value: float
    """The number."""
    labels: dict[str, str] = {}
    """What it is of, such as a queue; never a person outside the centre."""


class Reading(Protocol):
    """Tells the numbers of now."""

    async def __call__(self) -> list[Figure]:
        """Return them; those of one name behind each other, with the same labels."""


@final
class Meter:
    """Counts what the server does. Each server has its own."""

    def __init__(self) -> None:
        self.registry: Final = CollectorRegistry()
        self._calls = Counter("desk_calls", "Answers over HTTP.", ["operation", "status"], registry=self.registry)
        self._seconds = Histogram(
            "desk_call_seconds", "How long an answer takes.", ["operation"], buckets=_BUCKETS, registry=self.registry
        )
        self._sockets = Gauge("desk_sockets", "WebSockets that are open.", ["socket"], registry=self.registry)

    def answered(self, operation: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._calls.labels(operation, str(status)).inc()
        self._seconds.labels(operation).observe(seconds)

    def opened(self, socket: str) -> None:
        """Count a WebSocket that opens."""
        self._sockets.labels(socket).inc()

    def closed(self, socket: str) -> None:
        """Count a WebSocket that is gone."""
        self._sockets.labels(socket).dec()

    def text(self, figures: Iterable[Figure]) -> bytes:
        """Return all figures as Prometheus reads them."""
        now = CollectorRegistry()
        now.register(_Now(list(figures)))
        return generate_latest(self.registry) + generate_latest(now)


class _Now(Collector):
    """Figures that were read just now."""

    def __init__(self, figures: list[Figure]) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        families: dict[str, GaugeMetricFamily] = {}
        for one in self._figures:
            family = families.setdefault(one.name, GaugeMetricFamily(one.name, one.about, labels=list(one.labels)))
            family.add_metric(list(one.labels.values()), one.value)
        return families.values()


def room(meter: Meter, read: Callable[[], Awaitable[list[Figure]]], token: str) -> Room:
    """Return the operation that tells the figures to who has the token."""

    async def tell(call: Call) -> object:
        sent = call.request.headers.get("authorization", "")
        if not hmac.compare_digest(sent.encode(), f"Bearer {token}".encode()):
            raise fault("forbidden")
        return plain(meter.text(await read()), _MEDIA_TYPE)

    operation = Operation(
        method="GET",
        path="/metrics",
        name="metrics",
        summary="Tell all figures in Prometheus' format to who sends the token of the server as Bearer.",
        handle=tell,
        access=Access.ANYONE,
        media_type=_MEDIA_TYPE,
        faults=("forbidden",),
    )
    return Room(name="metrics", about="Figures for Prometheus.", operations=(operation,))
