"""Handing mail over: encrypted or not at all, with a login, and told apart when it goes wrong."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING

import pytest

from recommender.errors import MailError, MailUndecided
from recommender.mail import smtp
from tests.integration.post import Post, odd_server, post_office

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Sawthis


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine, with its key in the same file."""
    folder = tmp_path_factory.mktemp("certificate")
    openssl = shutil.which("openssl")
    assert openssl, "the tests need the openssl command"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return folder


@pytest.fixture
def context(certificate: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    return made


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine that trusts whoever signed the certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))


def mail() -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = "from@example.org", "to@example.org"
    message["Subject"] = "Grüße"
    message.set_content("First line\n.\nA dot by itself ends nothing.\n")
    return message


def server(post: Post, security: smtp.Security, user: str = "", password: str = "") -> smtp.Server:
    return smtp.Server("127.0.0.1", post.port, security, user, password)


def yes() -> bool:
    return True


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encrypted_with_a_login(context: ssl.SSLContext, security: smtp.Security) -> None:
    with post_office(context=context, tls=security == "tls", login=True) as post:
        box = server(post, security, "me@example.org", "s3cret")
        smtp.check(box)
        assert smtp.deliver(box, mail(), leave=yes)
        assert post.logins[-1] == ("me@example.org", "s3cret")
        (taken,) = post.mails
        assert taken.get_content().splitlines()[:2] == ["First line", "."]
        wrong = server(post, security, "me@example.org", "wr0ng-pa55")
        with pytest.raises(MailError, match="refuses the login") as caught:
            smtp.check(wrong)
        assert "wr0ng-pa55" not in str(caught.value)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_nobody_vouches_for(context: ssl.SSLContext, security: smtp.Security) -> None:
    with post_office(context=context, tls=security == "tls") as post:
        with pytest.raises(MailError, match="certificate is not trusted"):
            smtp.deliver(server(post, security, "me", "s3cret"), mail(), leave=yes)
        assert post.logins == []
        assert post.taken == []


def test_no_encryption_where_it_is_asked_for() -> None:
    with post_office() as post:
        with pytest.raises(MailError, match="does not offer that"):
            smtp.deliver(server(post, "starttls"), mail(), leave=yes)
        assert post.taken == []


def test_leave_is_asked_last_and_can_be_refused() -> None:
    with post_office() as post:
        assert not smtp.deliver(server(post, "none"), mail(), leave=lambda: False)
        assert post.taken == []
        post.refuse_recipient = "550 unknown"
        with pytest.raises(MailError, match="refuses the recipient: 550 unknown"):
            smtp.deliver(server(post, "none"), mail(), leave=never)


def never() -> bool:
    raise AssertionError("asked too early")


def test_silence_after_the_text_is_no_failure() -> None:
    with post_office() as post:
        post.hang_up_after_mail = True
        with pytest.raises(MailUndecided, match="it may have arrived"):
            smtp.deliver(server(post, "none"), mail(), leave=yes)


def test_a_refused_text_is_a_failure() -> None:
    with post_office() as post:
        post.refuse_mail = "452 4.2.2 full"
        with pytest.raises(MailError, match="refuses the mail: 452") as caught:
            smtp.deliver(server(post, "none"), mail(), leave=yes)
        assert not isinstance(caught.value, MailUndecided)


@pytest.mark.parametrize("answer", [b"OK queued\r\n", b"199 hm\r\n", b"350 more\r\n", None])
def test_an_answer_that_says_nothing_for_certain(answer: bytes | None) -> None:
    with odd_server(text=answer) as (port, texts):
        with pytest.raises(MailUndecided, match="it may have arrived"):
            smtp.deliver(smtp.Server("127.0.0.1", port, "none"), mail(), leave=yes)
        assert len(texts) == 1


@pytest.mark.parametrize("answer", [b"421 closing\r\n", b"554 no\r\n", None])
def test_a_server_that_does_not_want_the_text_has_none(answer: bytes | None) -> None:
    with odd_server(data=answer) as (port, texts):
        with pytest.raises(MailError) as caught:
            smtp.deliver(smtp.Server("127.0.0.1", port, "none"), mail(), leave=yes)
        assert not isinstance(caught.value, MailUndecided)
        assert texts == []


def test_the_text_arrives_as_it_is() -> None:
    message = mail()
    message.set_content("..two dots\n.\n.one dot\nthe last line")
    with odd_server() as (port, texts):
        assert smtp.deliver(smtp.Server("127.0.0.1", port, "none"), message, leave=yes)
    (text,) = texts
    body = text.partition(b"\r\n\r\n")[2]
    assert body == b"...two dots\r\n..\r\n..one dot\r\nthe last line\r\n"


def test_a_server_that_drips_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "DEADLINE_S", 0.5)
    drip = b"220-still here\r\n" * 5  # and never the last line
    with odd_server(greeting=drip) as (port, _), pytest.raises(MailError):
        smtp.check(smtp.Server("127.0.0.1", port, "none"))


@pytest.mark.parametrize(
    ("host", "user", "password"),
    [("smtp..example.com", "", ""), ("127.0.0.1", "me", "pässword"), ("127.0.0.1", "mé", "x")],
)
def test_what_can_not_be_said_to_a_server(host: str, user: str, password: str) -> None:
    with post_office(login=True) as post:
        with pytest.raises(MailError, match="must be plain ASCII") as caught:
            smtp.check(smtp.Server(host, post.port, "none", user, password))
        assert "pässword" not in str(caught.value)


def test_a_challenge_that_is_none() -> None:
    with (
        odd_server(ehlo=b"250-odd\r\n250 AUTH CRAM-MD5\r\n", auth=b"334 !!!\r\n") as (port, _),
        pytest.raises(MailError),
    ):
        smtp.check(smtp.Server("127.0.0.1", port, "none", "me", "s3cret"))


_BACKEND = """
import keyring.backend

class Keyring(keyring.backend.KeyringBackend):
    priority = 1
    def get_password(self, service, name):
        return {("sawthis-smtp", "me@example.org"): "s3cret"}.get((service, name))
    def set_password(self, service, name, password): ...
    def delete_password(self, service, name): ...
"""


@pytest.mark.parametrize("backend", ["gone.Keyring", "broken.Keyring"])
def test_a_keyring_that_can_not_be_asked(demo: Sawthis, tmp_path: Path, backend: str) -> None:
    broken = _BACKEND.replace("return {", "raise OSError('no bus')\n        return {")
    (tmp_path / "broken.py").write_text(broken)
    demo.environment.update(
        SAWTHIS_SMTP_HOST="127.0.0.1",
        SAWTHIS_SMTP_USER="me@example.org",
        PYTHONPATH=str(tmp_path),
        PYTHON_KEYRING_BACKEND=backend,
    )
    demo.ok("digest", "schedule", "--to", "me@example.org", "--day", "sunday")
    assert "SAWTHIS_SMTP_PASSWORD" in demo.fails("digest", "send")
    told = demo.run("doctor", "--json")
    assert "Traceback" not in told.stderr
    assert "SAWTHIS_SMTP_PASSWORD" in told.stdout


def test_the_password_comes_from_the_keyring(demo: Sawthis, tmp_path: Path) -> None:
    (tmp_path / "sealed.py").write_text(_BACKEND)
    with post_office(login=True) as post:
        demo.environment.update(
            post.environment,
            SAWTHIS_SMTP_USER="me@example.org",
            PYTHONPATH=str(tmp_path),
            PYTHON_KEYRING_BACKEND="sealed.Keyring",
        )
        demo.ok("digest", "schedule", "--to", "me@example.org")
        demo.ok("digest", "send")
        assert post.logins == [("me@example.org", "s3cret")]
        demo.environment["SAWTHIS_SMTP_USER"] = "you@example.org"
        said = demo.fails("digest", "send", "--again")
        assert "keyring set sawthis-smtp you@example.org" in said
        demo.environment["SAWTHIS_SMTP_PASSWORD"] = "wr0ng-pa55"
        refused = demo.run("digest", "send", "--again")
        assert refused.returncode == 1
        assert "refuses the login" in refused.stderr
        assert "wr0ng-pa55" not in refused.stderr + demo.run("doctor", "--json").stdout
