"""Runs the application under uvicorn, and refreshes the library as time goes by.

A refresh runs as a child process: its model's memory goes back to the system, and a feed that
brings it down does not bring down the service.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import uvicorn

from recommender.api.app import create_app
from recommender.errors import ConfigError
from recommender.wiring import House

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fastapi.routing import APIRouter

    from recommender.settings import Settings

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class RefreshLoop:
    """Starts `sawthis refresh` every so often until stopped."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="refresh-loop", daemon=True)
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin, unless the settings switch it off."""
        if self._settings.refresh_minutes > 0:
            self._thread.start()

    def stop(self) -> None:
        """End, and the child with it: what it did not finish is done next time."""
        self._stopped.set()
        child = self._child
        if child is not None and child.poll() is None:
            child.terminate()
            child.wait(10)

    def _run(self) -> None:
        while not self._stopped.wait(self._settings.refresh_minutes * 60):
            self._child = subprocess.Popen(
                [sys.executable, "-m", "recommender", "refresh"],
                env=self._environment(),
                stdout=subprocess.DEVNULL,
            )
            self._child.wait()

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "SAWTHIS_DATA_DIR": str(self._settings.data_dir),
            "SAWTHIS_MODEL": self._settings.model,
            "SAWTHIS_ALLOW_PRIVATE_HOSTS": ",".join(self._settings.allow_private_hosts),
        }


def run_server(
    settings: Settings, *, announce: Callable[[str], None], pages: Sequence[APIRouter] = ()
) -> None:
    """Serve until interrupted.

    Raises:
        ConfigError: The address is not loopback, or the port is taken.
    """
    if settings.host not in LOOPBACK:
        raise ConfigError(
            f"{settings.host} is reachable from outside, and there is no TLS yet: "
            "listen at 127.0.0.1 and put a proxy in front",
            setting="host",
        )
    house = House(settings)
    house.storage.accounts()
    config = uvicorn.Config(
        create_app(house, *pages),
        host=settings.host,
        port=settings.port,
        log_level=settings.log_level,
        server_header=False,
        lifespan="off",  # there is none, and a second Ctrl-C would print its end as a traceback
        timeout_graceful_shutdown=5,
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
    loop = RefreshLoop(settings)
    loop.start()
    announce(f"Sawthis is at http://{settings.host}:{port}/ (Ctrl-C ends it)")
    try:
        uvicorn.Server(config).run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        loop.stop()
        house.close()


def _bind(config: uvicorn.Config) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((config.host, config.port))
    except OSError:
        listener.close()
        raise
    listener.listen(128)
    return listener
