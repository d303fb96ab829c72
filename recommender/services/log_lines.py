"""The log of what runs for long, `serve` and `worker`: a JSON object a line, on stderr."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


class _JsonLines(logging.Formatter):
    """A log line as a JSON object; what is one already is completed."""

    def __init__(self, own: Collection[str]) -> None:
        super().__init__()
        self._own = own

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        text = super().format(record)
        is_json = record.name in self._own
        values = json.loads(text) if is_json else {"message": text, "logger": record.name}
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return json.dumps({"at": at, "level": record.levelname.lower(), **values})


def set_up_logging(level: str, own: Collection[str] = ()) -> None:
    """Write the log as JSON lines.

    Args:
        level: Its name, in any case.
        own: Loggers whose messages are JSON objects already.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_JsonLines(own))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # httpx tells whole addresses, and those of feeds may hold keys.
    logging.getLogger("httpx").setLevel(logging.WARNING)
