"""Fixtures that every kind of test may use."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from recommender.storage.sqlite import open_sqlite
from tests.postgres import Server as PostgresServer
from tests.site import running_site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from recommender.storage.postgres import PostgresStorage
    from recommender.storage.sqlite import SqliteStorage
    from tests.site import Site

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


@dataclass
class Sawthis:
    """The command line as a subprocess, on one data directory."""

    data_dir: Path
    environment: dict[str, str] = field(default_factory=dict)

    def env(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("SAWTHIS_")}
        return {**clean, "SAWTHIS_DATA_DIR": str(self.data_dir), **self.environment}

    def popen(self, *args: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "recommender", *args],
            env=self.env(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "recommender", *args],
            env=self.env(),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def ok(self, *args: str, stdin: str = "") -> str:
        done = self.run(*args, stdin=stdin)
        assert done.returncode == 0, f"{args}: {done.stderr}"
        return done.stdout

    def fails(self, *args: str, code: int = 1, stdin: str = "") -> str:
        """The one line an error ends with."""
        done = self.run(*args, stdin=stdin)
        assert done.returncode == code, f"{args}: {done.returncode} {done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stderr.strip().splitlines()[-1] if code == 1 else done.stderr


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SqliteStorage]:
    """An empty library."""
    opened = open_sqlite(tmp_path / "sawthis.db")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """One PostgreSQL for all tests that neither stop nor starve it."""
    with PostgresServer.make(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """The name of a database that was brought up to date once, to be copied."""
    from recommender.storage.postgres import open_postgres

    open_postgres(postgres_server.create("sawthis_template")).close()
    return "sawthis_template"


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """Where an empty library on PostgreSQL is, of this test alone."""
    url = postgres_server.create(template=postgres_template)
    yield url
    postgres_server.drop(url)


@pytest.fixture
def postgres_storage(postgres_url: str) -> Iterator[PostgresStorage]:
    """An empty library on PostgreSQL."""
    from recommender.storage.postgres import open_postgres

    opened = open_postgres(postgres_url)
    yield opened
    opened.close()


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server on loopback that behaves as badly as it is told to."""
    with running_site() as made:
        yield made


@pytest.fixture(scope="session")
def model_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default model, compiled once for the whole run."""
    from recommender_models import load_embedder

    return made_once(tmp_path_factory, "models", lambda cache: load_embedder("default", cache))


@pytest.fixture
def sawthis(tmp_path: Path, model_cache: Path) -> Sawthis:
    """The command line on an empty library with a compiled model."""
    data_dir = tmp_path / "data dir"
    data_dir.mkdir()
    (data_dir / "models").symlink_to(model_cache)
    return Sawthis(data_dir)


@pytest.fixture(scope="session")
def loaded_demo(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Path:
    """A data directory with the demo in it; not to be written to."""

    def load(data_dir: Path) -> None:
        (data_dir / "models").symlink_to(model_cache)
        Sawthis(data_dir).ok("demo")

    return made_once(tmp_path_factory, "demo", load)


def made_once(
    tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]
) -> Path:
    """A folder that is made by whichever of the test processes needs it first."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder, made = base / f"once-{name}", base / f"once-{name}.made"
    with (base / f"once-{name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of one that failed
            folder.mkdir()
            make(folder)
            made.touch()
    return folder


@pytest.fixture
def demo(tmp_path: Path, loaded_demo: Path) -> Sawthis:
    """The command line on a fresh copy of the demo."""
    copy = tmp_path / "demo"
    shutil.copytree(loaded_demo, copy, symlinks=True)
    return Sawthis(copy)


def need_shared(*parts: str) -> Path:
    """A path of the shared corpus, or a skip where it is absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"the shared corpus is not beside this checkout: {path.name} is absent")
    return path
