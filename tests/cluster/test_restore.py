"""Back to a moment: a base backup and the write-ahead log since, as docs/deploy.md says."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from recommender.storage.postgres import open_postgres
from tests.cluster.deployed import block
from tests.conftest import Sawthis
from tests.postgres import Server
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def _settings_of(text: str) -> dict[str, object]:
    lines = [line.partition("#")[0] for line in text.splitlines() if "=" in line]
    pairs = [line.split("=", 1) for line in lines]
    return {name.strip(): value.strip().strip("'") for name, value in pairs}


def _give(path: Path, server: Server) -> None:
    """Let files belong to the user who runs the server, as what it made itself does."""
    owner = server.folder.stat()
    for one in [path, *path.rglob("*")]:
        os.chown(one, owner.st_uid, owner.st_gid)


def test_everything_up_to_a_moment_is_back(tmp_path: Path) -> None:
    with Server.make(tmp_path) as server:
        archive = server.folder / "wal"
        archive.mkdir()
        _give(archive, server)
        archiving = {
            name: str(value).replace("/backup/wal", str(archive))
            for name, value in _settings_of(block("wal_level = ")).items()
        }
        with (server.data / "pg_hba.conf").open("a") as rules:
            rules.write("local replication all trust\n")
        server.configure(**archiving, max_wal_senders=3)
        server.restart()
        url = server.create("sawthis")
        cli = Sawthis(tmp_path / "host", {"SAWTHIS_DATABASE": url})
        cli.data_dir.mkdir()
        cli.ok("contacts", "add", "Joe Ferraro", "-i", "sailing")

        base = server.folder / "base"
        (command,) = block("sudo -u postgres pg_basebackup").splitlines()
        arguments = command.replace("/backup/base", str(base)).split()[4:]
        reached = ["-h", str(server.folder), "-p", str(server.port), "-U", "postgres"]
        subprocess.run([server.programs / "pg_basebackup", *reached, *arguments], check=True)
        cli.ok("contacts", "add", "Maren Lindqvist")  # in the log alone
        with server.superuser() as connection:
            row = connection.execute("SELECT clock_timestamp()").fetchone()
            assert row is not None
            moment = row[0]
        cli.ok("erase", "--yes")
        assert open_and_list(url) == []
        with server.superuser() as connection:
            row = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
            assert row is not None
            until((archive / row[0]).exists)

        server.stop()
        shutil.rmtree(server.data)
        base.rename(server.data)
        server.data.chmod(0o700)
        (server.data / "recovery.signal").touch()
        _give(server.data, server)
        server.configure(
            restore_command=f"cp {archive}/%f %p",
            recovery_target_time=moment.isoformat(),
            recovery_target_action="promote",
        )
        server.start()
        until(lambda: not (server.data / "recovery.signal").exists())
        names = cli.ok("contacts", "list")
        assert "Joe Ferraro" in names
        assert "Maren Lindqvist" in names


def open_and_list(url: str) -> list[str]:
    """The accounts of a library."""
    storage = open_postgres(url)
    try:
        return storage.accounts()
    finally:
        storage.close()
