"""What forms send: fields and files, read before the handler's thread begins."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import Depends, Request

from recommender.errors import InvalidInput
from recommender.web.rendering import local

MAX_FIELDS = 1000


class Form:
    """The fields of a form that was sent; a field that was not is empty."""

    def __init__(self, body: bytes) -> None:
        try:
            self._fields = parse_qs(
                body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS
            )
        except ValueError as error:
            raise InvalidInput(f"a form has at most {MAX_FIELDS} fields") from error

    def line(self, name: str) -> str:
        """A field's first value, without spaces around it."""
        return self.text(name).strip()

    def text(self, name: str) -> str:
        """A field's first value, its lines ended by a newline alone."""
        return self._fields.get(name, [""])[0].replace("\r\n", "\n")

    def all(self, name: str) -> list[str]:
        """Every value of a field that is not empty."""
        return [value for value in self._fields.get(name, []) if value.strip()]

    def parts(self, name: str) -> list[str]:
        """What a field lists by commas, semicolons or lines."""
        text = self.text(name).replace(";", ",").replace("\n", ",")
        return [part.strip() for part in text.split(",") if part.strip()]

    def has(self, name: str) -> bool:
        """Whether the field was sent at all."""
        return name in self._fields

    def number(self, name: str) -> int | None:
        """A whole number, None for an empty field; InvalidInput for anything else."""
        text = self.line(name)
        if not text:
            return None
        if not text.isdecimal() or len(text) > 9:
            raise InvalidInput(f"\u201c{text[:40]}\u201d is no whole number")
        return int(text)

    @property
    def back(self) -> str:
        """The page to go back to."""
        return local(self.line("back"))


async def body_of(request: Request) -> bytes:
    """The request's body."""
    return await request.body()


async def form_of(request: Request) -> Form:
    """The request's fields."""
    return Form(await request.body())


Body = Annotated[bytes, Depends(body_of)]
Fields = Annotated[Form, Depends(form_of)]


def files_of(request: Request, body: bytes) -> dict[str, bytes]:
    """The parts of a multipart form by name, those that hold anything."""
    head = b"Content-Type: " + request.headers.get("content-type", "").encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + b"\r\n\r\n" + body)
    found: dict[str, bytes] = {}
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes) and content:
            found.setdefault(name, content)
    return found
