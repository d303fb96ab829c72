"""A PostgreSQL server of its own for a bench.

It lives in a temporary folder as its own user, is reached through a socket in that folder alone,
and goes with the process that started it, however that ends. It syncs its writes to the disk, as
a server should.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterator

    Connection = psycopg.Connection[tuple[Any, ...]]

ROLE = "sawthis"
PATIENCE_S = 60.0
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "max_connections": "60",
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track_utility": "on",
}
# Standard input ends when whoever started this does.
_WHILE_WANTED = """"$@" & read _; kill -INT $!; wait; rm -rf "$FOLDER\""""


class Server:
    """A running server.

    Args:
        folder: Its own; its socket is in it.
        programs: Where PostgreSQL is.
    """

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self.programs = programs

    def url(self, database: str) -> str:
        """Where Sawthis finds a database, as a user who is held to row-level security."""
        return f"postgresql://{ROLE}@/{database}?host={self.folder}"

    def superuser(self, database: str = "postgres") -> Connection:
        """A connection that may do everything."""
        return psycopg.connect(
            host=str(self.folder), user="postgres", dbname=database, autocommit=True
        )

    def processor_s(self) -> float:
        """Processor seconds that it has used, with all of its processes."""
        first = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        ticks = 0
        for process in [first, *_children(first)]:
            fields = _stat(process)
            # Its own; and those of its children that have ended, which only the first has.
            ticks += sum(map(int, fields[11:15]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def create(self, database: str, template: str = "template0") -> str:
        """Make a database, empty or as a copy; returns its URL."""
        with self.superuser() as db:
            # Byte for byte: the other way writes everything to the log once more.
            how = "" if db.info.server_version < 150_000 else "STRATEGY file_copy"
            db.execute(f'CREATE DATABASE "{database}" OWNER {ROLE} TEMPLATE "{template}" {how}')
        with self.superuser(database) as db:
            db.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        return self.url(database)

    def drop(self, database: str) -> None:
        """Drop a database, whoever is in it."""
        with self.superuser() as db:
            db.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')


def _stat(process: int) -> list[str]:
    """What the kernel says of a process after its name; zeros if it is gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["0"] * 20


def _children(process: int) -> list[int]:
    found = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    return [one for one in found if _stat(one)[1] == str(process)]


def programs() -> Path:
    """The folder of the newest PostgreSQL here, or SystemExit."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    on_path = shutil.which("initdb")
    if not found and not on_path:
        raise SystemExit("no PostgreSQL here: `scripts/setup --postgres` installs it")
    return (found[-1] if found else Path(str(on_path)).resolve()).parent


def _version(program: Path) -> float:
    return float(program.parts[-3])


@contextmanager
def running_server() -> Iterator[Server]:
    """A new server, gone with all its files at the end."""
    server = Server(Path(tempfile.mkdtemp(prefix="sawthis-bench-")), programs())
    user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    as_user: dict[str, Any] = {
        "cwd": server.folder,
        "env": {"FOLDER": str(server.folder), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        "user": user.pw_uid if user else None,
        "group": user.pw_gid if user else None,
        "extra_groups": [] if user else None,
        "start_new_session": True,
    }
    if user:
        os.chown(server.folder, user.pw_uid, user.pw_gid)
    data, log = server.folder / "data", server.folder / "log"
    initdb = [f"{server.programs}/initdb", "-D", f"{data}", "-U", "postgres", "--auth=trust"]
    made = subprocess.run(
        [*initdb, "--no-sync", "--encoding=UTF8"], capture_output=True, check=False, **as_user
    )
    if made.returncode:
        raise SystemExit(made.stderr.decode())
    settings = {**SETTINGS, "unix_socket_directories": server.folder}
    lines = [f"{name} = '{value}'\n" for name, value in settings.items()]
    (data / "postgresql.auto.conf").write_text("".join(lines))
    with log.open("wb") as said:
        process = subprocess.Popen(
            ["/bin/sh", "-c", _WHILE_WANTED, "sh", server.programs / "postgres", "-D", data],
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            **as_user,
        )
    try:
        _await(server, log)
        with server.superuser() as db:
            db.execute(f"CREATE ROLE {ROLE} LOGIN")
        yield server
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()


def _await(server: Server, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            server.superuser().close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise SystemExit(f"PostgreSQL did not start: {log.read_text()}") from None
            time.sleep(0.05)
