"""Hosts with addresses of their own on one machine: network namespaces around one bridge.

Where the machine does not allow them (no root, no `ip`), the same names are one host, and cutting
one off is stopping its processes for a while: nothing it sends arrives, either.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CLONE_NEWNET = 0x40000000
NETWORK = "10.83"


class Hosts:
    """Some hosts by name.

    Args:
        names: What they are called here.
        is_apart: Whether each has a network of its own.
    """

    def __init__(self, names: Sequence[str], *, is_apart: bool) -> None:
        self.is_apart = is_apart
        self._names = list(names)
        self._prefix = f"sawthis{os.getpid()}"

    def namespace(self, name: str) -> str:
        """What the system calls a host's network."""
        return f"{self._prefix}-{name}"

    def address(self, name: str, number: int = 0) -> str:
        """One of a host's addresses."""
        if not self.is_apart:
            return f"127.{self._names.index(name) + 1}.{number // 250}.{number % 250 + 1}"
        return f"{NETWORK}.{16 * self._names.index(name) + number // 250}.{number % 250 + 1}"

    def at(self, name: str) -> list[str]:
        """What a command begins with to be run at a host."""
        return ["ip", "netns", "exec", self.namespace(name)] if self.is_apart else []

    @contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """This thread, and what it starts, at a host."""
        if not self.is_apart:
            yield
            return
        libc = ctypes.CDLL(None, use_errno=True)
        here = f"/proc/self/task/{threading.get_native_id()}/ns/net"
        with (
            Path(here).open("rb") as home,
            Path("/run/netns", self.namespace(name)).open() as there,
        ):
            assert libc.setns(there.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            try:
                yield
            finally:
                assert libc.setns(home.fileno(), CLONE_NEWNET) == 0

    @contextmanager
    def cut_off(self, name: str, processes: Sequence[subprocess.Popen[str]]) -> Iterator[None]:
        """Let nothing come or go to a host, and nobody be told so."""
        if self.is_apart:
            self._link(name, "down")
        else:
            _signal(processes, signal.SIGSTOP)
        try:
            yield
        finally:
            if self.is_apart:
                self._link(name, "up")
            else:
                _signal(processes, signal.SIGCONT)

    def _link(self, name: str, state: str) -> None:
        _ip("-n", self.namespace("hub"), "link", "set", f"to-{name}", state)

    def build(self, n_addresses: int) -> None:
        """Make the networks; the first host gets so many addresses."""
        hub = self.namespace("hub")
        for name in ("hub", *self._names):
            _ip("netns", "add", self.namespace(name))
            _ip("-n", self.namespace(name), "link", "set", "lo", "up")
        _ip("-n", hub, "link", "add", "name", "bridge", "type", "bridge")
        _ip("-n", hub, "link", "set", "bridge", "up")
        for name in self._names:
            there = self.namespace(name)
            pair = ("type", "veth", "peer", "name", "net", "netns", there)
            _ip("-n", hub, "link", "add", "name", f"to-{name}", *pair)
            _ip("-n", hub, "link", "set", f"to-{name}", "master", "bridge", "up")
            _ip("-n", there, "link", "set", "net", "up")
            n = n_addresses if name == self._names[0] else 1
            lines = [f"addr add {self.address(name, at)}/16 dev net" for at in range(n)]
            _ip("-n", there, "-batch", "-", text="\n".join(lines))

    def remove(self) -> None:
        """Take the networks away."""
        for name in (*self._names, "hub"):
            with suppress(subprocess.CalledProcessError):
                _ip("netns", "del", self.namespace(name))


@contextmanager
def some_hosts(*names: str, n_addresses: int) -> Iterator[Hosts]:
    """Hosts, apart if that can be had; the first has so many addresses."""
    hosts = Hosts(names, is_apart=_can_be_apart())
    try:
        if hosts.is_apart:
            hosts.build(n_addresses)
        yield hosts
    finally:
        if hosts.is_apart:
            hosts.remove()


def _can_be_apart() -> bool:
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    trial = f"sawthis{os.getpid()}-try"
    try:
        _ip("netns", "add", trial)
        pair = ("type", "veth", "peer", "name", "b")
        _ip("-n", trial, "link", "add", "name", "a", *pair)
    except subprocess.CalledProcessError:
        return False
    finally:
        with suppress(subprocess.CalledProcessError):
            _ip("netns", "del", trial)
    return True


def _ip(*arguments: str, text: str = "") -> None:
    subprocess.run(["ip", *arguments], input=text, text=True, check=True, capture_output=True)


def _signal(processes: Sequence[subprocess.Popen[str]], number: signal.Signals) -> None:
    for process in processes:
        os.killpg(process.pid, number)
