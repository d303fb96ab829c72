"""Address books pulled over CardDAV: from a real radicale, and from servers that mean harm."""

from __future__ import annotations

import gzip
import hashlib
import logging
import re
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from recommender.errors import InvalidInput, RecommenderError
from recommender.services import carddav
from recommender.services.carddav import CardDavError, pull_cards
from recommender.services.dav_client import read_dav_address, shown
from recommender.services.dav_xml import read_multistatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

USER, PASSWORD = "joe", "sea & sky: ü"
CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:{name}\r\nN:{name};;;;\r\nEND:VCARD\r\n"
BOOK = (
    '<mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><set><prop><resourcetype>'
    "<collection/><C:addressbook/></resourcetype></prop></set></mkcol>"
)
XMLNS = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"'


class Radicale:
    """A running radicale with one user and the books that are put into it."""

    def __init__(self, folder: Path) -> None:
        (folder / "users").write_text(f"{USER}:{PASSWORD}\n", "utf-8")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        (folder / "config").write_text(
            f"[server]\nhosts = 127.0.0.1:{port}\n[auth]\ntype = htpasswd\ndelay = 0\n"
            f"htpasswd_filename = {folder / 'users'}\nhtpasswd_encryption = plain\n"
            f"[storage]\nfilesystem_folder = {folder / 'books'}\n"
        )
        self.base = f"http://127.0.0.1:{port}"
        self.log = (folder / "log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "radicale", "--config", str(folder / "config")],
            stdout=self.log,
            stderr=self.log,
        )
        self._wait(port)
        self.http = httpx.Client(base_url=self.base, auth=(USER, PASSWORD), trust_env=False)

    def _wait(self, port: int) -> None:
        for _ in range(300):
            assert self.process.poll() is None, "radicale did not start"
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                return
            time.sleep(0.1)
        pytest.fail("radicale does not listen")

    def add_book(self, name: str) -> str:
        path = f"/{USER}/{name}/"
        assert self.http.request("MKCOL", path, content=BOOK).status_code == 201
        return path

    def put(self, path: str, body: str, kind: str = "text/vcard") -> None:
        answer = self.http.put(path, content=body.encode(), headers={"Content-Type": kind})
        assert answer.status_code == 201, answer.text

    def pull(self, path: str, **options: Any) -> bytes:
        return pull_cards(self.base + path, **{"user": USER, "password": PASSWORD, **options})

    def stop(self) -> None:
        self.http.close()
        self.process.terminate()
        self.process.wait(timeout=20)
        self.log.close()


@pytest.fixture(scope="module")
def radicale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radicale]:
    server = Radicale(tmp_path_factory.mktemp("radicale"))
    try:
        friends = server.add_book("friends")
        for name in ("Ann", "Jörg"):
            server.put(f"{friends}{name} & co.vcf", CARD.format(uid=name, name=name))
        family = server.add_book("family")
        server.put(f"{family}x.vcf", CARD.format(uid="x", name="Uncle <Bob>"))
        server.add_book("empty")
        yield server
    finally:
        server.stop()


class Dav:
    """A server on loopback that answers each method and path as it is told, and remembers."""

    def __init__(self) -> None:
        self.base = ""
        self.answers: dict[str, tuple[int, bytes, dict[str, str]]] = {}
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.gate: Callable[[BaseHTTPRequestHandler], dict[str, str] | None] = lambda handler: None

    def serve(self, path: str, body: bytes | str = b"", status: int = 207, **headers: str) -> str:
        body = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = (status, body, named)
        return self.base + path

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        self.requests.append((handler.command, handler.path, dict(handler.headers)))
        status, body, headers = (
            self.answers.get(f"{handler.command} {handler.path}")
            or self.answers.get(handler.path.partition("?")[0])
            or (404, b"", {})
        )
        refused = self.gate(handler)
        if refused is not None:
            status, body, headers = 401, b"", refused
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        with suppress(OSError):
            handler.wfile.write(body)


@contextmanager
def running_dav() -> Iterator[Dav]:
    made = Dav()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PROPFIND(self) -> None:
            made.handle(self)

        do_REPORT = do_GET = do_PROPFIND

        def log_message(self, format: str, *args: object) -> None:
            """Silence."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Silence: who has read enough hangs up."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    made.base = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def dav() -> Iterator[Dav]:
    with running_dav() as made:
        yield made


@pytest.fixture
def other() -> Iterator[Dav]:
    with running_dav() as made:
        yield made


def multistatus(*responses: str) -> str:
    return f"<multistatus {XMLNS}>{''.join(responses)}</multistatus>"


def response(href: str, properties: str, status: str = "HTTP/1.1 200 OK") -> str:
    return (
        f"<response><href>{href}</href><propstat><prop>{properties}</prop>"
        f"<status>{status}</status></propstat></response>"
    )


A_BOOK = "<resourcetype><collection/><C:addressbook/></resourcetype>"
A_CARD = "<resourcetype/><getcontenttype>text/vcard; charset=utf-8</getcontenttype>"
DATA = "<C:address-data>BEGIN:VCARD\nFN:Ann\nEND:VCARD</C:address-data>"


def serve_book(dav: Dav, path: str = "/book/", card: str = "a.vcf") -> str:
    listing = multistatus(response(path, A_BOOK), response(path + card, A_CARD))
    dav.serve(f"REPORT {path}", multistatus(response(path + card, DATA)))
    return dav.serve(path, listing)


def test_from_the_collection(radicale: Radicale) -> None:
    body = radicale.pull("/joe/friends/").decode()
    assert sorted(re.findall(r"FN:(.*)\r\n", body)) == ["Ann", "Jörg"]
    assert body.count("BEGIN:VCARD\r\n") == body.count("END:VCARD\r\n") == 2
    assert "\n" not in body.replace("\r\n", "")


def test_the_last_slash_may_be_missing(radicale: Radicale) -> None:
    assert radicale.pull("/joe/friends").count(b"END:VCARD") == 2


@pytest.mark.parametrize("path", ["/joe/", "/joe", "/", "", "/.well-known/carddav"])
def test_from_principal_and_root(radicale: Radicale, path: str) -> None:
    body = radicale.pull(path).decode()
    assert sorted(re.findall(r"FN:(.*)\r\n", body)) == ["Ann", "Jörg", "Uncle <Bob>"]


def test_the_login_may_stand_in_the_address(radicale: Radicale) -> None:
    url = str(httpx.URL(radicale.base).copy_with(username=USER, password=PASSWORD, path="/joe/"))
    assert pull_cards(url).count(b"END:VCARD") == 3
    url = str(httpx.URL(radicale.base).copy_with(username=USER, password="old", path="/joe/"))
    assert pull_cards(url, password=PASSWORD).count(b"END:VCARD") == 3


def test_an_empty_book(radicale: Radicale) -> None:
    assert radicale.pull("/joe/empty/") == b""


def test_many_cards_come_in_several_answers(
    radicale: Radicale, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carddav, "N_AT_ONCE", 1)
    assert radicale.pull("/joe/").count(b"END:VCARD") == 3


@pytest.mark.parametrize("path", ["/joe/friends/", "/joe/", "/"])
def test_a_wrong_password(radicale: Radicale, path: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(CardDavError, match="user name or the password is wrong") as caught:
        radicale.pull(path, password="hunter2")
    assert caught.value.status == 401
    url = radicale.base.replace("://", "://joe:hunter2@") + path
    with pytest.raises(CardDavError, match="user name or the password is wrong") as caught:
        pull_cards(url)
    assert "hunter2" not in str(caught.value) + caplog.text


def test_no_login(radicale: Radicale) -> None:
    with pytest.raises(CardDavError, match="asks for a user name and a password"):
        pull_cards(f"{radicale.base}/joe/")


def test_nothing_there(radicale: Radicale, dav: Dav) -> None:
    with pytest.raises(CardDavError, match=r"nothing at that address \(404\)"):
        radicale.pull("/joe/enemies/")
    with pytest.raises(CardDavError, match=r"nothing at that address \(404\)"):
        pull_cards(dav.base)
    assert [path for _, path, _ in dav.requests] == ["/.well-known/carddav", "/"]


def test_errors_are_one_line_of_the_house(radicale: Radicale) -> None:
    with pytest.raises(RecommenderError) as caught:
        radicale.pull("/joe/enemies/")
    assert "\n" not in str(caught.value)


def test_digest(dav: Dav) -> None:
    url = serve_book(dav)

    def check(handler: BaseHTTPRequestHandler) -> dict[str, str] | None:
        given = handler.headers.get("Authorization", "")
        parts = dict(re.findall(r'(\w+)="?([^",]*)"?', given))
        if not given.startswith("Digest "):
            return {"WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5'}
        first = hashlib.md5(f"joe:r:{PASSWORD}".encode()).hexdigest()
        second = hashlib.md5(f"{handler.command}:{handler.path}".encode()).hexdigest()
        middle = f"n:{parts['nc']}:{parts['cnonce']}:auth"
        expected = hashlib.md5(f"{first}:{middle}:{second}".encode()).hexdigest()
        return None if parts["response"] == expected else {"WWW-Authenticate": given}

    dav.gate = check
    assert b"FN:Ann" in pull_cards(url, user="joe", password=PASSWORD)
    with pytest.raises(CardDavError, match="password is wrong"):
        pull_cards(url, user="joe", password="other")
    dav.gate = lambda handler: {"WWW-Authenticate": 'Digest realm="r", nonce="n", algorithm=X'}
    with pytest.raises(CardDavError, match="kind of login that is unknown"):
        pull_cards(url, user="joe", password=PASSWORD)


@pytest.mark.parametrize("path", ["/", "/.well-known/carddav", "/book/"])
def test_a_redirect_to_another_origin_is_refused(dav: Dav, other: Dav, path: str) -> None:
    serve_book(other)
    dav.serve(path, status=301, Location=f"{other.base}/book/")
    url = dav.base + ("/book/" if path == "/book/" else "")
    for user in ("joe", ""):
        with pytest.raises(CardDavError, match="another server; name that address") as caught:
            pull_cards(url, user=user, password="pw")
        assert f"{other.base}/book/" in str(caught.value)
    assert other.requests == []


def test_other_origins_are_those_of_another_scheme_or_name_too(dav: Dav) -> None:
    for target in ("https" + dav.base[4:], dav.base.replace("127.0.0.1", "localhost"), "//[::1]"):
        url = dav.serve("/book/", status=307, Location=f"{target}/book/")
        with pytest.raises(CardDavError, match="another server"):
            pull_cards(url, user="joe", password="pw")
    dav.serve("/book/", status=307, Location="http://a:b/")
    with pytest.raises(CardDavError, match="can't be read"):
        pull_cards(url)
    dav.serve("/book/", multistatus(response("/", A_BOOK), response("http://a:b/", A_CARD)))
    with pytest.raises(CardDavError, match="names an address that is none"):
        pull_cards(url)


def test_redirects_at_home_are_followed_five_times(dav: Dav) -> None:
    serve_book(dav)
    for hop in range(4):
        dav.serve(f"/{hop}", status=302, Location=f"/{hop + 1}")
    dav.serve("/4", status=308, Location=dav.base.replace("://", "://eve:x@") + "/book/")
    assert b"FN:Ann" in pull_cards(f"{dav.base}/0", user="joe", password="pw")
    assert {headers["Authorization"] for *_, headers in dav.requests} == {"Basic am9lOnB3"}
    dav.serve("/loop", status=302, Location="/loop")
    with pytest.raises(CardDavError, match="redirects more than 5 times"):
        pull_cards(f"{dav.base}/loop")


@pytest.mark.parametrize(
    "properties",
    [
        "<current-user-principal><href>{other}/me/</href></current-user-principal>",
        "<C:addressbook-home-set><href>{other}/home/</href></C:addressbook-home-set>",
    ],
)
def test_what_lies_on_another_server_is_not_asked_for(
    dav: Dav, other: Dav, properties: str
) -> None:
    dav.serve("/", multistatus(response("/", properties.format(other=other.base))))
    with pytest.raises(CardDavError, match="another server"):
        pull_cards(dav.base, user="joe", password="pw")
    assert other.requests == []


def test_cards_of_another_server_are_not_asked_for(dav: Dav, other: Dav) -> None:
    for href in (f"{other.base}/a.vcf", f"//{other.base[7:]}/a.vcf"):
        url = dav.serve("/book/", multistatus(response("/book/", A_BOOK), response(href, A_CARD)))
        with pytest.raises(CardDavError, match="another server"):
            pull_cards(url, user="joe", password="pw")
    assert other.requests == []


def test_from_principal_to_homes_to_books(dav: Dav) -> None:
    dav.serve("/.well-known/carddav", status=301, Location="/dav/")
    ours = "<current-user-principal><href>/me/</href></current-user-principal>"
    dav.serve("/dav/", multistatus(response("/dav/", ours)))
    homes = "<href>/home/1/</href><href>/home/2/</href>"
    homes = f"<C:addressbook-home-set>{homes}</C:addressbook-home-set>"
    dav.serve("/me/", multistatus(response("/me/", homes)))
    plain = "<resourcetype><collection/></resourcetype>"
    for number in (1, 2):
        home = f"/home/{number}/"
        dav.serve(home, multistatus(response(home, plain), response("/book/", A_BOOK)))
    serve_book(dav)
    assert pull_cards(dav.base).count(b"FN:Ann") == 1  # in both homes, and pulled once
    assert pull_cards(f"{dav.base}/home/1/").count(b"FN:Ann") == 1


def test_no_address_book(dav: Dav) -> None:
    nothing = "<current-user-principal><unauthenticated/></current-user-principal>"
    for body in (multistatus(response("/", nothing)), multistatus()):
        dav.serve("/", body)
        with pytest.raises(CardDavError, match="no address book is found"):
            pull_cards(dav.base)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (200, "no CardDAV address"), (304, "no CardDAV address"), (405, "no CardDAV address"),
        (403, "may not be read"), (429, "busy"), (500, "the error 500"), (503, "busy"),
    ],
)  # fmt: skip
def test_errors_say_what_to_do(dav: Dav, status: int, words: str) -> None:
    url = dav.serve("/book/", b"" if status == 304 else b"<html>Hello</html>", status)
    with pytest.raises(CardDavError, match=words) as caught:
        pull_cards(url + "?key=hidden")
    assert caught.value.status in {status, 404}
    assert "hidden" not in str(caught.value)


def test_odd_books(dav: Dav) -> None:
    url = serve_book(dav)
    dav.serve("REPORT /book/", multistatus(response("/book/a.vcf", "", "HTTP/1.1 404 gone")))
    with pytest.raises(CardDavError, match="lists 1 cards and gives none"):
        pull_cards(url)
    dav.serve("/book/", multistatus(
        response("/book/", A_BOOK),
        response(f"{dav.base}/book/full.vcf", A_CARD),
        response("/book/untold.vcf", "<resourcetype/>"),
        response("/book/inner/", "<resourcetype><collection/></resourcetype>"),
        response("/book/event.ics", "<getcontenttype>text/calendar</getcontenttype>"),
        "<response><href>/book/gone.vcf</href><status>HTTP/1.1 404 Not Found</status></response>",
    ))  # fmt: skip
    dav.serve("REPORT /book/", multistatus(
        response("/book/full.vcf", DATA.replace("Ann", "A\x0bnn &amp; <![CDATA[<Bob>]]>")),
        response("/book/untold.vcf", "<C:address-data>hello</C:address-data>"),
    ))  # fmt: skip
    assert pull_cards(url) == b"BEGIN:VCARD\r\nFN:Ann & <Bob>\r\nEND:VCARD\r\n"
    cut = "<response><href>/book/</href><status>HTTP/1.1 507 x</status></response>"
    dav.serve("/book/", multistatus(response("/book/", A_BOOK), cut))
    with pytest.raises(CardDavError, match="more than the server lists"):
        pull_cards(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://dav.example.org/", "http://10.0.0.1/", "http://127.0.0.1.example.org/",
        "http://localhost.example.org/", "http://127.1/", "http://joe:secret@dav.example.org/",
    ],
)  # fmt: skip
def test_plain_http_is_for_this_machine_only(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *args, **kw: pytest.fail("asked"))
    with pytest.raises(InvalidInput, match="use https") as caught:
        pull_cards(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "", "ftp://dav.example.org/", "https://", "https://joe:se/cret@example.org/",
        "https://joe:12?cret@example.org/", "https://joe:12#cret@example.org/", "https://[::1/",
        "file:///etc/passwd", "https://a\nb/",
    ],
)  # fmt: skip
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        pull_cards(url)
    assert "cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_addresses() -> None:
    found = read_dav_address(" joe:p%40ss@dav.example.org/x?y=1#z ")
    assert (found.user, found.password) == ("joe", "p@ss")
    assert str(found.url) == "https://dav.example.org/x?y=1"
    assert shown(found.url) == "https://dav.example.org/x"
    for url in ("http://127.8.9.1:5232/", "http://[::1]/", "http://localhost/"):
        assert str(read_dav_address(url).url) == url


def test_an_oversized_answer_is_cut(dav: Dav) -> None:
    url = dav.serve("/book/", bytes(51 * 2**20))
    with pytest.raises(CardDavError, match="more than 50 MB"):
        pull_cards(url)
    dav.serve("/book/", gzip.compress(bytes(80 * 2**20)), Content_Encoding="gzip")
    with pytest.raises(CardDavError, match="more than 50 MB"):
        pull_cards(url)


def test_the_limit_is_for_all_answers_together(dav: Dav, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recommender.services.dav_client.MAX_BYTES", 2**20)
    url = serve_book(dav)
    padding = f"<!--{'x' * 400_000}-->"
    for path in ("/book/", "REPORT /book/"):
        dav.serve(path, dav.answers[path][1] + padding.encode())
    with pytest.raises(CardDavError, match="more than 1 MB"):
        pull_cards(url)


def test_hostile_xml_does_no_harm(dav: Dav, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2")
    lines = ["<!ENTITY a0 'ha'>"]
    lines += [f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12)]
    lines.append(f"<!ENTITY file SYSTEM 'file://{tmp_path}/secret'>")
    lines.append(f"<!ENTITY net SYSTEM '{dav.base}/net'>")
    head = f"<!DOCTYPE multistatus [{''.join(lines)}]>"
    start = time.monotonic()
    for name in ("a11", "file", "net"):
        card = f"<C:address-data>BEGIN:VCARD &{name};</C:address-data>"
        url = dav.serve("/book/", head + multistatus(response("/book/", card)))
        with pytest.raises(CardDavError, match="answers with no CardDAV") as caught:
            pull_cards(url)
        assert "hunter2" not in str(caught.value)
    attribute = f"{head}<multistatus {XMLNS} x='&a11;'/>"
    for body in (attribute, "<a>" * 100_000, f"<multistatus {XMLNS}>" + "<a/>" * 3_000_001):
        dav.serve("/book/", body)
        with pytest.raises(CardDavError, match="answers with no CardDAV"):
            pull_cards(url)
    assert time.monotonic() - start < 20
    assert not any(path == "/net" for _, path, _ in dav.requests)


@pytest.mark.parametrize("body", [b"", b"<html/>", b"\0", b"hello", b"<multistatus/>", b"\xff\xfe"])
def test_what_is_no_multistatus(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"^it "):
        read_multistatus(body)


def test_a_server_that_is_not_there_or_not_well(dav: Dav) -> None:
    with pytest.raises(CardDavError, match="can't be read"):
        pull_cards("http://127.0.0.1:9/")
    url = dav.serve("/book/", b"hello", Content_Encoding="gzip")
    with pytest.raises(CardDavError, match="compressed body"):
        pull_cards(url)
    dav.serve("/book/", b"x", Content_Length="10")
    with pytest.raises(CardDavError, match="did not answer in time"):
        pull_cards(url, timeout_s=0.2)


def test_a_slow_drip_is_cut() -> None:
    class Drip(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                time.sleep(0.05)
                yield b" "

    transport = httpx.MockTransport(lambda request: httpx.Response(207, stream=Drip()))
    with pytest.raises(CardDavError, match="too slow"):
        pull_cards("https://dav.example.org/x/", transport=transport, timeout_s=0.02)


def test_a_transport_can_stand_for_the_network() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "dav.example.org"
        data = DATA if request.method == "REPORT" else A_CARD
        book = response("/book/", A_BOOK) if request.method == "PROPFIND" else ""
        return httpx.Response(207, text=multistatus(book, response("/book/a%20b.vcf", data)))

    transport = httpx.MockTransport(answer)
    assert b"FN:Ann" in pull_cards("dav.example.org/book/", transport=transport)


def test_importing_it_is_light() -> None:
    code = (
        "import sys, recommender.services.carddav;"
        "print([m for m in ('httpx', 'lxml', 'ssl') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
