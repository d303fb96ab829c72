"""The example of docs/deploy.md on loopback: the files that are shipped, run as the page says.

What is changed of them is addresses, ports and folders. The API hosts have addresses and folders of
their own, as machines would; the database asks for TLS, and nginx is Debian's.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.conftest import ROOT
from tests.postgres import PASSWORD, Server
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = ROOT / "docs" / "deploy.md"
FILES = ROOT / "scripts" / "deploy"
NGINX_ADDRESS = "127.0.0.1"
API_ADDRESSES = ("127.0.0.11", "127.0.0.12")
ADDRESSES = "127.0.0.0/8"
STARTING_S = 120
STOPPING_S = 60


def free_port() -> int:
    """A port that none of the example's addresses uses, nor outgoing connections are given."""
    while True:
        port = random.randrange(20_000, 32_000)
        with closing(socket.socket()) as probe, suppress(OSError):
            probe.bind(("0.0.0.0", port))
            return port


def block(beginning: str) -> str:
    """The indented block of the page that begins so."""
    blocks = re.findall(r"(?:^ {4}.*\n|^\n(?= {4}))+", PAGE.read_text("utf-8"), re.MULTILINE)
    plain = ["\n".join(line[4:] for line in one.splitlines()).strip() + "\n" for one in blocks]
    (found,) = [one for one in plain if one.startswith(beginning)]
    return found


def command_of(unit: str, instance: str, **variables: str) -> list[str]:
    """What a unit runs, by this environment's Python."""
    text = (FILES / unit).read_text("utf-8")
    for line in re.findall(r"^Environment=(.+)$", text, re.MULTILINE):
        for name, value in re.findall(r"(\w+)=(\S+)", line):
            variables.setdefault(name, value)
    (line,) = re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE)
    program, *arguments = line.replace("%i", instance).split()
    assert program == "/opt/sawthis/bin/sawthis"
    arguments = [re.sub(r"\$\{(\w+)\}", lambda name: variables[name[1]], one) for one in arguments]
    return [sys.executable, "-m", "recommender", *arguments]


def needed_nginx() -> str:
    """Where nginx is; tests are skipped without it, but never in CI."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if found is None:
        message = "no nginx: `scripts/setup --postgres` installs it"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of this machine's name, its own authority, and its key."""
    certificate, key = folder / "tls.crt", folder / "tls.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return certificate, key


class Process:
    """A program that runs until it is told to stop, and what it says."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        self.name = name
        self._command = command
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self.said: list[str] = []

    def start(self, until_said: str = "") -> None:
        """Start it, and wait until it has said something."""
        self.said.clear()
        self._process = process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        self._reader.start()
        until(lambda: not self.runs or until_said in self.text, patience_s=STARTING_S)
        assert self.runs, self.text

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        self.said.extend(process.stderr)

    @property
    def text(self) -> str:
        """What it said so far."""
        return "".join(list(self.said))

    @property
    def runs(self) -> bool:
        """Whether it lives."""
        return self._process is not None and self._process.poll() is None

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it, and wait for its end."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(number)
        try:
            process.wait(STOPPING_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        finally:
            assert self._reader is not None and process.stderr is not None
            self._reader.join(10)
            process.stderr.close()
        assert "Traceback" not in self.text, self.text[-3000:]


class Host:
    """A machine with the program, its folder and its settings; an API host runs `serve`."""

    def __init__(self, name: str, settings: str, folder: Path, **environment: str) -> None:
        self.name = name
        self.data_dir = folder / name
        self.data_dir.mkdir(parents=True)
        config = self.data_dir / "config.toml"
        config.write_text(settings.replace("/var/lib/sawthis", str(self.data_dir)))
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("SAWTHIS_", "PG"))}
        self.environment = {
            **inherited,
            "SAWTHIS_CONFIG": str(config),
            "HOME": str(folder),
            **environment,
        }

    def process(self, unit: str, instance: str, **variables: str) -> Process:
        """One that a unit describes, not yet started."""
        command = command_of(unit, instance, **variables)
        return Process(f"{self.name}: {unit} {instance}", command, self.environment)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of the program on this machine."""
        return subprocess.run(
            [sys.executable, "-m", "recommender", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def ok(self, *arguments: str) -> str:
        """What a command that must succeed prints."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return done.stdout


class ApiHost(Host):
    """One with `sawthis serve`, as nginx finds it."""

    def __init__(self, name: str, settings: str, folder: Path, address: str, port: int) -> None:
        super().__init__(
            name, settings, folder, SAWTHIS_HOST=address, FORWARDED_ALLOW_IPS=NGINX_ADDRESS
        )
        self.address = f"{address}:{port}"
        self.serve = self.process("sawthis-api@.service", str(port))

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        self.serve.start("Sawthis is at")
        with self.client() as client:
            until(lambda: client.get("/health/ready").status_code == 200, patience_s=STARTING_S)

    def client(self, secret: str = "", **headers: str) -> httpx.Client:
        """A client that calls this very host, as nginx does."""
        shown = {"Authorization": f"Bearer {secret}"} if secret else {}
        return httpx.Client(
            base_url=f"http://{self.address}",
            headers={"Host": "localhost", "X-Forwarded-Proto": "https", **shown, **headers},
            trust_env=False,
            timeout=60,
        )

    def log(self) -> list[dict[str, Any]]:
        """The lines of its access log."""
        lines = [json.loads(line) for line in self.serve.text.splitlines() if line[:1] == "{"]
        return [line for line in lines if "route" in line]


class Nginx(Process):
    """Debian's nginx with the shipped configuration."""

    def __init__(
        self, folder: Path, hosts: list[ApiHost], certificate: tuple[Path, Path], port: int
    ) -> None:
        self.folder = folder
        self.port = port
        self._program = needed_nginx()
        site = (FILES / "nginx.conf").read_text("utf-8")
        changes = {
            "api1:8765": hosts[0].address,
            "api2:8765": hosts[1].address,
            "listen 80;": f"listen {NGINX_ADDRESS}:{free_port()};",
            "listen 443 ssl;": f"listen {NGINX_ADDRESS}:{port} ssl;",
            "sawthis.example": "localhost",
            "/etc/nginx/sawthis.crt": str(certificate[0]),
            "/etc/nginx/sawthis.key": str(certificate[1]),
            "/var/log/nginx/": f"{folder}/",
        }
        for shipped, ours in changes.items():
            assert shipped in site, shipped
            site = site.replace(shipped, ours)
        self._site = site
        (folder / "sawthis.conf").write_text(site)
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        places = "".join(f"  {kind}_temp_path {folder}/{kind};\n" for kind in kinds)
        (folder / "nginx.conf").write_text(
            # Its workers must get into the folder, which is closed to other users.
            f"{'user root;' if os.geteuid() == 0 else ''}\n"
            f"daemon off;\npid {folder}/pid;\nerror_log {folder}/main.log;\nworker_processes 1;\n"
            f"events {{}}\nhttp {{\n{places}  include {folder}/sawthis.conf;\n}}\n"
        )
        super().__init__("nginx", self._arguments(), dict(os.environ))

    def _arguments(self, *more: str) -> list[str]:
        early = ["-e", str(self.folder / "main.log")]
        return [self._program, *early, "-p", str(self.folder), "-c", "nginx.conf", *more]

    def start(self, until_said: str = "") -> None:
        """Start it, and wait until it takes connections."""
        super().start(until_said)
        until((self.folder / "pid").exists)

    def check(self) -> None:
        """Let it read its configuration, and fail if it finds anything to say."""
        done = subprocess.run(
            self._arguments("-t", "-q"), capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stderr

    def take_out(self, *hosts: ApiHost) -> None:
        """Write `down` behind hosts and nobody else, and let it read that."""
        site = self._site
        for host in hosts:
            site = site.replace(f"server {host.address};", f"server {host.address} down;")
        (self.folder / "sawthis.conf").write_text(site)
        subprocess.run(self._arguments("-s", "reload"), check=True, capture_output=True)

    def log(self) -> list[str]:
        """The lines of its access log."""
        return (self.folder / "access.log").read_text("utf-8").splitlines()


@dataclass
class Deployment:
    """All of it, running."""

    server: Server
    settings: str
    folder: Path
    hosts: list[ApiHost]
    worker_host: Host
    worker: Process
    nginx: Nginx
    certificate: Path
    url: str
    secret: str = ""

    def client(self, address: str = NGINX_ADDRESS, **headers: str) -> httpx.Client:
        """A client with an admin's token that calls nginx, from an address of this machine."""
        context = ssl.create_default_context(cafile=self.certificate)
        # A connection that is kept may be closed by a reload at the moment of the next call.
        # Browsers then call again by themselves; httpx does not.
        limits = httpx.Limits(max_keepalive_connections=0)
        return httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {self.secret}", **headers},
            timeout=60,
            transport=httpx.HTTPTransport(verify=context, local_address=address, limits=limits),
        )

    def let_in(self, database: str) -> None:
        """Let hosts into another database, too."""
        for file in (self.server.data / "pg_hba.conf", self.folder / "pgpass"):
            last = file.read_text("utf-8").splitlines()[-1]
            with file.open("a") as written:
                written.write(last.replace("sawthis", database, 1) + "\n")
        self.server.run_as_superuser("SELECT pg_reload_conf()")


def _secured(server: Server, certificate: tuple[Path, Path]) -> None:
    """Let the database ask for TLS and a password, as the page says, and from nobody else."""
    for name, file in zip(("server.crt", "server.key"), certificate, strict=True):
        copy = server.data / name
        shutil.copy(file, copy)
        copy.chmod(0o600)
        owner = server.data.stat()
        os.chown(copy, owner.st_uid, owner.st_gid)
    rule = block("hostssl").replace("10.0.0.0/24", ADDRESSES)
    (server.data / "pg_hba.conf").write_text(f"local all postgres trust\n{rule}")
    server.configure(ssl="on", ssl_cert_file="server.crt", ssl_key_file="server.key")
    server.restart()


def _make_database(server: Server) -> None:
    server.run_as_superuser("DROP ROLE sawthis")
    for statement in block("CREATE ROLE").split(";"):
        if statement.strip():
            server.run_as_superuser(statement)
    server.run_as_superuser(f"ALTER ROLE sawthis PASSWORD '{PASSWORD}'")


def _settings(server: Server, certificate: Path, folder: Path, public_url: str) -> str:
    passwords = folder / "pgpass"
    line = block("db.sawthis.example:5432:").replace("PASSWORD", PASSWORD)
    passwords.write_text(line.replace("db.sawthis.example:5432", f"localhost:{server.port}"))
    passwords.chmod(0o600)
    text = block("data_dir = ")
    changes = {
        "@db.sawthis.example/": f"@localhost:{server.port}/",
        "/etc/sawthis/db-ca.pem": str(certificate),
        "/etc/sawthis/pgpass": str(passwords),
        "https://sawthis.example": public_url,
    }
    for shipped, ours in changes.items():
        assert shipped in text, shipped
        text = text.replace(shipped, ours)
    return text


@contextmanager
def deployed(folder: Path, model_cache: Path, *private_hosts: str) -> Iterator[Deployment]:
    """The example, running: a database, two API hosts, nginx, a worker.

    Args:
        folder: For everything that is written.
        model_cache: A compiled model.
        private_hosts: Where feeds may be although they are on this machine.
    """
    needed_nginx()
    certificate = make_certificate(folder)
    port, api_port = free_port(), free_port()
    public_url = f"https://localhost:{port}"
    with ExitStack() as stack:
        server = stack.enter_context(Server.make(folder))
        _secured(server, certificate)
        _make_database(server)
        settings = _settings(server, certificate[0], folder, public_url)
        # No part of the example: feeds on this machine, and a log of every call.
        settings += f"allow_private_hosts = {list(private_hosts)}\n"
        hosts = [
            ApiHost(f"api{number}", settings, folder, address, api_port)
            for number, address in enumerate(API_ADDRESSES, 1)
        ]
        worker_host = Host("worker", settings, folder)
        for host in (*hosts, worker_host):
            (host.data_dir / "models").symlink_to(model_cache)
        for api in hosts:
            api.start()
            stack.callback(api.serve.stop)
        worker = worker_host.process("sawthis-worker@.service", "1")
        worker.start("At work")
        stack.callback(worker.stop)
        (folder / "nginx").mkdir()
        nginx = Nginx(folder / "nginx", hosts, certificate, port)
        nginx.check()
        nginx.start()
        stack.callback(nginx.stop, signal.SIGQUIT)
        made = Deployment(
            server, settings, folder, hosts, worker_host, worker, nginx, certificate[0], public_url
        )
        made.secret = hosts[0].ok("token", "create", "test", "--scope", "admin").strip()
        yield made


def finished(client: httpx.Client, job: dict[str, Any], patience_s: float = 180) -> dict[str, Any]:
    """A job when it has ended, asked of whoever answers."""
    deadline = time.monotonic() + patience_s
    while job["state"] == "running" and time.monotonic() < deadline:
        time.sleep(0.2)
        answer = client.get(f"/api/v1/jobs/{job['id']}")
        assert answer.status_code == 200, answer.text
        job = answer.json()
    return job
