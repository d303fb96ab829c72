"""A running `sawthis serve` for tests, with a token and a logged-in browser's cookie."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from tests.conftest import Sawthis


class Service:
    """The service with an admin's token, and `page`: a client whose browser is logged in."""

    def __init__(self, cli: Sawthis, *flags: str) -> None:
        self.cli = cli
        self.secret = cli.ok("token", "create", "test", "--scope", "admin").strip()
        self.process = cli.popen("serve", "--port", "0", *flags)
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        assert "Sawthis is at" in line, line
        self.base = line.split("at ")[1].split("/ ")[0]
        # Read on, or a full pipe would stop the service.
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.http = self.client(self.secret)

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.said.extend(self.process.stderr)

    def client(self, secret: str) -> httpx.Client:
        """A client that shows a token."""
        return httpx.Client(
            base_url=self.base,
            headers={"Authorization": f"Bearer {secret}"},
            trust_env=False,
            timeout=60,
        )

    def browser(self, *flags: str) -> httpx.Client:
        """A client that is logged in as a browser is, and says what a browser says of forms."""
        port = self.base.rsplit(":", 1)[1]
        link = self.cli.ok(*flags, "login", "--port", port).strip()
        ours = {"Origin": self.base, "Sec-Fetch-Site": "same-origin"}
        form = {"code": link.split("code=")[1]}
        done = httpx.post(f"{self.base}/login", data=form, headers=ours, trust_env=False)
        assert done.status_code == 303, done.text
        return httpx.Client(
            base_url=self.base, headers=ours, cookies=done.cookies, trust_env=False, timeout=60
        )

    def get(self, path: str) -> Any:
        answer = self.http.get(f"/api/v1{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, expected: int = 201, /, **body: object) -> Any:
        answer = self.http.post(f"/api/v1{path}", json=body)
        assert answer.status_code == expected, answer.text
        return answer.json()

    def finished(self, job: dict[str, Any]) -> dict[str, Any]:
        """A job when it has ended."""
        until = time.monotonic() + 120
        while job["state"] == "running" and time.monotonic() < until:
            time.sleep(0.1)
            job = self.get(f"/jobs/{job['id']}")
        return job

    def stop(self) -> None:
        self.http.close()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=20)
        self._reader.join(5)
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
        said = "".join(self.said)
        assert "Traceback" not in said, said[-3000:]
        assert self.secret not in said
