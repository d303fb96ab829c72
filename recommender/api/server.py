"""Runs the application under uvicorn, with what is done beside it as time goes by.

With a library on a server nothing is: any number of these may run, and none keeps anything that
another would need.
"""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import uvicorn
from anyio.to_thread import current_default_thread_limiter

from recommender.api.app import create_app
from recommender.api.gate import ACCESS_LOG
from recommender.api.loops import DigestLoop, RefreshLoop
from recommender.errors import ConfigError
from recommender.services.log_lines import set_up_logging
from recommender.wiring import House

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fastapi.routing import APIRouter

    from recommender.settings import Settings

LOOPBACK = ("127.0.0.1", "localhost", "::1")
HANDLER_THREADS = 8


class _Server(uvicorn.Server):
    """uvicorn with as many threads for handlers as two or three cores can feed.

    Each holds a database connection with its cache, and more would only wait for each other.
    """

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        current_default_thread_limiter().total_tokens = HANDLER_THREADS
        await super().startup(sockets)


def run_server(
    settings: Settings, *, announce: Callable[[str], None], pages: Sequence[APIRouter] = ()
) -> None:
    """Serve until interrupted.

    Raises:
        ConfigError: The address is reachable from outside without TLS, or the port is taken.
    """
    _check_reach(settings)
    set_up_logging(settings.log_level, {ACCESS_LOG})
    house = House(settings)
    house.storage.accounts()
    app = create_app(house, *pages)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,  # the gate writes it, without what paths may hold
        server_header=False,
        lifespan="off",  # there is none, and a second Ctrl-C would print its end as a traceback
        timeout_graceful_shutdown=5,
        proxy_headers=settings.behind_proxy,
        ssl_certfile=settings.tls_cert or None,
        ssl_keyfile=settings.tls_key or None,
    )
    # Bound here, so that a taken port is one line and not uvicorn's exit.
    try:
        listener = _bind(config)
    except OSError as error:
        raise ConfigError(
            f"port {settings.port} at {settings.host} can't be used ({error.strerror}); "
            "choose another with --port",
            setting="port",
        ) from error
    port = listener.getsockname()[1]
    house.settings = replace(settings, port=port)
    # uvicorn drains, then raises the signal again: what runs beside it must end, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # On a server's library workers do this, and many of us may run beside each other.
    loops = () if settings.is_cluster else (RefreshLoop(house, app.state.jobs), DigestLoop(house))
    for loop in loops:
        loop.start()
    announce(f"Sawthis is at {house.settings.origin}/ (Ctrl-C ends it)")
    try:
        _Server(config).run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        for loop in loops:
            loop.stop()
        app.state.jobs.stop()
        house.close()


def _check_reach(settings: Settings) -> None:
    """Whether what the service is shown is safe on the way, or ConfigError."""
    if bool(settings.tls_cert) != bool(settings.tls_key):
        raise ConfigError("TLS needs both SAWTHIS_TLS_CERT and SAWTHIS_TLS_KEY", setting="tls_cert")
    for file in (settings.tls_cert, settings.tls_key):
        if file and not os.access(file, os.R_OK):
            raise ConfigError(f"the TLS file {file} can't be read", setting="tls_cert")
    if settings.host not in LOOPBACK and not (settings.tls_cert or settings.behind_proxy):
        raise ConfigError(
            f"{settings.host} is reachable from outside, and tokens would travel in clear: set "
            "SAWTHIS_TLS_CERT and SAWTHIS_TLS_KEY, or put a proxy with TLS in front and add "
            "--behind-proxy",
            setting="host",
        )


def _bind(config: uvicorn.Config) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    # With the protocol named, asyncio sets TCP_NODELAY; without it the last bytes of an answer on a
    # connection that is kept wait some 40 ms for the other side's acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((config.host, config.port))
    except OSError:
        listener.close()
        raise
    listener.listen(128)
    return listener
