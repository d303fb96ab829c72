"""Connections to checked addresses, that end with the time of their request."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import httpcore

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

    from recommender_feeds.addresses import AddressPolicy


class Deadline(threading.local):
    """When the request of this thread must be over; in monotonic seconds."""

    at_s = float("inf")

    def left_s(self, limit_s: float | None) -> float:
        """Seconds that one more step may take."""
        return min(self.at_s - time.monotonic(), float("inf") if limit_s is None else limit_s)


class TimedStream(httpcore.NetworkStream):
    """A connection that ends with the request's time.

    A limit for each read alone lets a server go on for ever by a byte now and then, in its
    headers as well as in its body.
    """

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there."""
        left = self._deadline.left_s(timeout)
        if left <= 0:
            raise httpcore.ReadTimeout("the time for the whole answer is over")
        return self._stream.read(max_bytes, left)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it."""
        left = self._deadline.left_s(timeout)
        if left <= 0:
            raise httpcore.WriteTimeout("the time for the whole request is over")
        self._stream.write(buffer, left)

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Go on in TLS."""
        left = max(0.01, self._deadline.left_s(timeout))
        secure = self._stream.start_tls(ssl_context, server_hostname, left)
        return TimedStream(secure, self._deadline)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  (as httpcore has it)
        """What is known of the connection."""
        return self._stream.get_extra_info(info)


class CheckedBackend(httpcore.SyncBackend):
    """Connects to addresses that the policy has seen, and to no others."""

    def __init__(self, policy: AddressPolicy, deadline: Deadline) -> None:
        self._policy = policy
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of a name that answers."""
        failure: Exception | None = None
        for address in self._policy.resolve(host, port):
            left = max(0.01, self._deadline.left_s(timeout))
            try:
                stream = super().connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return TimedStream(stream, self._deadline)
        raise failure or httpcore.ConnectError(f"{host} has no address")
