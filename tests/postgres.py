"""A real PostgreSQL for tests: its own server, from a temporary directory, as its own user.

The fixtures `postgres_server`, `postgres_url` and `postgres_storage` (tests/conftest.py) share one
server, and each test has a database of its own. A test that stops, kills or starves the server
makes one for itself: `Server.make(tmp_path, max_connections=8)`.

Databases belong to the role that Sawthis logs in with, which is no superuser and so is held to
row-level security. The superuser has no password: it comes in through the socket alone.
"""

from __future__ import annotations

import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

ROLE = "sawthis"
PASSWORD = "not a secret"
OLDEST = 14
PATIENCE_S = 60.0
_ROOM_BYTES = 4 * 2**30
Mode = Literal["smart", "fast", "immediate"]
_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
# What is written survives the server, whichever way it is stopped; not the loss of power, and
# nobody pulls the plug here.
_DEFAULTS: dict[str, object] = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "max_connections": 100,
    "max_wal_senders": 0,
    "shared_buffers": "64MB",
    "wal_level": "minimal",
}
_HBA = """local all all trust
host all all all scram-sha-256
"""
# Ends a server whose test run was killed, and takes its files along.
_GUARD = """read _
kill -INT "$1" 2> /dev/null
for _ in $(seq 600); do [ -e "$2/data/postmaster.pid" ] || break; sleep 0.1; done
rm -rf "$2"
"""


def find_programs() -> Path | None:
    """The folder of the newest PostgreSQL server that is installed and young enough."""
    found = {
        program.parent: _version(program)
        for program in Path("/usr/lib/postgresql").glob("*/bin/postgres")
    }
    if on_path := shutil.which("postgres"):
        found[Path(on_path).resolve().parent] = _version(Path(on_path))
    young = {folder: version for folder, version in found.items() if version >= OLDEST}
    return max(young, key=lambda folder: young[folder], default=None)


def _version(program: Path) -> int:
    printed = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    named = re.search(r"\) (\d+)", printed.stdout)  # postgres (PostgreSQL) 15.20 (Debian …
    return int(named[1]) if named else 0


def needed_programs() -> Path:
    """Where the server's programs are; tests are skipped without them, but never in CI."""
    found = find_programs()
    if found is None:
        message = f"no PostgreSQL {OLDEST} or newer: `scripts/setup --postgres` installs it"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


def _roomy_memory() -> Path | None:
    """Where a copy of a database takes a third of the time that it does on a disk."""
    memory = Path("/dev/shm")
    if not (memory.is_dir() and os.access(memory, os.W_OK)):
        return None
    return memory if shutil.disk_usage(memory).free > _ROOM_BYTES else None


def _free_port() -> int:
    """A port that stays free while the server is down: none that outgoing connections are given."""
    while True:
        port = random.randrange(20_000, 32_000)
        with closing(socket.socket()) as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Server:
    """One PostgreSQL server; it keeps its port for life.

    Args:
        folder: Where it lives: a short path, for the sake of its socket, and its own.
        log: What it writes its log to.
        settings: What goes into postgresql.conf.
    """

    def __init__(self, folder: Path, log: Path, settings: dict[str, object]) -> None:
        self.programs = needed_programs()
        self.folder = folder
        self.data = folder / "data"
        self.log_file = log
        self.settings = {**_DEFAULTS, "unix_socket_directories": folder, **settings}
        self.port = _free_port()
        self.pid: int | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        # PostgreSQL refuses to run as root, and its files must be its user's.
        self._user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        self._environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        self._n_databases = 0
        self._counting = threading.Lock()

    @classmethod
    @contextmanager
    def make(
        cls, log_folder: Path, *, base: Path | None = None, **settings: object
    ) -> Iterator[Server]:
        """A new running server, stopped and removed at the end.

        Its log is `postgres.log` in the folder given. Its data are elsewhere, for pytest's own
        folders are closed to other users: in `base`, or else in memory where there is room.
        """
        needed_programs()
        folder = Path(tempfile.mkdtemp(prefix="sawthis-pg-", dir=base or _roomy_memory()))
        server = cls(folder, log_folder / "postgres.log", settings)
        try:
            server.initialise()
            server.start()
            server.run_as_superuser(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'")
            yield server
        finally:
            try:
                server.stop("immediate")
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def initialise(self) -> None:
        """Make the cluster's files."""
        if self._user:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        arguments = ["-D", str(self.data), "-U", "postgres", "--locale=C", "--encoding=UTF8"]
        done = self._popen("initdb", *arguments, "--no-sync", "--auth=trust")
        try:
            status = done.wait(PATIENCE_S)
        finally:
            done.kill()
            done.wait()
        assert status == 0, self.log()
        (self.data / "pg_hba.conf").write_text(_HBA)
        self.configure()

    def configure(self, **settings: object) -> None:
        """Change settings; most count from the next start."""
        self.settings |= settings
        lines = [f"{name} = '{value}'\n" for name, value in self.settings.items()]
        (self.data / "postgresql.auto.conf").write_text("".join(lines))

    def _popen(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        user = self._user
        with self.log_file.open("ab") as log:
            return subprocess.Popen(
                [self.programs / program, *arguments],
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                extra_groups=[] if user else None,
                # Ctrl-C is for the test run, which then stops the server in its own time.
                start_new_session=True,
            )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        assert self._process is None, "it runs already"
        self._process = self._popen("postgres", "-D", str(self.data), "-p", str(self.port))
        self.pid = self._process.pid
        self._guard = subprocess.Popen(
            ["sh", "-c", _GUARD, "guard", str(self.pid), str(self.folder)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            self._await_answer()
        except BaseException:
            self.stop("immediate")
            raise

    def _await_answer(self) -> None:
        assert self._process is not None
        status = self.data / "postmaster.pid"
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and self._process.poll() is None:
            # Its own process id first, how far it has come last (ready: recovered, too).
            lines = status.read_text().split() if status.exists() else [""]
            if lines[0] == str(self.pid) and lines[-1] == "ready":
                return
            time.sleep(0.02)
        raise AssertionError(f"PostgreSQL did not start: {self.log()}")

    def stop(self, mode: Mode = "fast") -> None:
        """Stop it, and wait for its end: fast breaks connections off, immediate is a crash."""
        process, guard = self._process, self._guard
        self._process = self._guard = self.pid = None
        try:
            if process is not None:
                self._end(process, mode)
        finally:
            if guard is not None and guard.stdin is not None:
                guard.kill()
                guard.wait()
                guard.stdin.close()

    @staticmethod
    def _end(process: subprocess.Popen[bytes], mode: Mode) -> None:
        if process.poll() is None:
            process.send_signal(_SIGNALS[mode])
        try:
            process.wait(PATIENCE_S)
        except BaseException:
            # Without their postmaster the other processes end by themselves.
            process.kill()
            process.wait()
            raise

    def kill(self) -> None:
        """End it as a crash would: nothing is finished, nothing is said to anybody."""
        self.stop("immediate")

    def restart(self, mode: Mode = "fast") -> None:
        """Stop it and start it again, at the same address."""
        self.stop(mode)
        self.start()

    def log(self) -> str:
        """What it wrote so far."""
        return self.log_file.read_text("utf-8", "replace") if self.log_file.exists() else ""

    def url(self, database: str, host: str = "127.0.0.1") -> str:
        """Where Sawthis finds a database."""
        password = PASSWORD.replace(" ", "%20")
        return f"postgresql://{ROLE}:{password}@{host}:{self.port}/{database}"

    def superuser(self, database: str = "postgres") -> psycopg.Connection:
        """A connection, in autocommit, that may do everything and sees every row."""
        import psycopg

        return psycopg.connect(
            host=str(self.folder), port=self.port, user="postgres", dbname=database, autocommit=True
        )

    def run_as_superuser(self, statement: str, database: str = "postgres") -> None:
        """Run one statement."""
        with self.superuser(database) as connection:
            connection.execute(statement.encode())

    def create(self, database: str | None = None, template: str | None = None) -> str:
        """Make a database, empty or a copy of another that nobody is in; returns its URL.

        An empty one sorts and folds as people do, which is nothing that Sawthis may rely on.
        """
        with self._counting:
            self._n_databases += 1
            name = database or f"t_{self._n_databases}"
        origin = f'TEMPLATE "{template}"' if template else "TEMPLATE template0"
        if _version(self.programs / "postgres") >= 15:
            people = "" if template else " LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
            origin += f"{people} STRATEGY file_copy"  # quicker, the only one of older versions
        self.run_as_superuser(f'CREATE DATABASE "{name}" OWNER {ROLE} {origin}')
        return self.url(name)

    def drop(self, database: str) -> None:
        """Drop a database, whoever is still in it; takes its URL, too."""
        name = database.rsplit("/", 1)[-1]
        self.run_as_superuser(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
