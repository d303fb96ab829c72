"""Every error the house raises, drawn as a tree.

RecommenderError
  NotFoundError            ContactNotFound, ItemNotFound, InterestNotFound, FeedNotFound,
                           SuggestionNotFound, TokenNotFound, JobNotFound
  AmbiguousContact         (.candidates)
  ConflictError            already there, or no longer in the expected state:
                           StaleContact, KeyReused
  InvalidInput             what the caller gave can't be used
  AccessDenied             a code or link that is not in force
  TooManyAttempts          (.wait_s)
  StorageError             SchemaTooNew (.found, .known), StorageBusy
  IngestError              wraps recommender_feeds.FeedError (.url)
  EmbeddingError           wraps recommender_models.EmbedderError
  MailError                the mail server did not take it, for certain:
    MailUndecided          … or did, for all anybody knows
  ConfigError              a setting is missing or wrong (.setting)

The text of an error is one line that says what happened and what to do.
Library errors (sqlite3, httpx, onnxruntime, smtplib) never leave the edge module that met them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class RecommenderError(Exception):
    """The root: anything Sawthis can explain to its user."""


class NotFoundError(RecommenderError):
    """Something asked for by name or id is not there."""

    def __init__(self, message: str, *, ref: str = "") -> None:
        super().__init__(message)
        self.ref = ref


class ContactNotFound(NotFoundError):
    """No contact has this id, slug, e-mail or name."""


class ItemNotFound(NotFoundError):
    """No item has this id or URL."""


class InterestNotFound(NotFoundError):
    """The contact has no such interest."""


class FeedNotFound(NotFoundError):
    """The account is not subscribed to such a feed."""


class SuggestionNotFound(NotFoundError):
    """No suggestion has this id."""


class TokenNotFound(NotFoundError):
    """No token has this id or name."""


class JobNotFound(NotFoundError):
    """No job of the account has this id, or it ended too long ago."""


class AmbiguousContact(RecommenderError):
    """A name fits several contacts; guessing would write to the wrong person."""

    def __init__(self, message: str, *, candidates: Sequence[str]) -> None:
        super().__init__(message)
        self.candidates = tuple(candidates)


class ConflictError(RecommenderError):
    """What was asked contradicts what is stored."""


class StaleContact(ConflictError):
    """The contact was changed since the caller read it."""


class KeyReused(ConflictError):
    """An idempotency key was used for another request before."""


class InvalidInput(RecommenderError):
    """A value given by the caller can't be used."""


class AccessDenied(RecommenderError):
    """What was shown to come in is not in force."""


class TooManyAttempts(RecommenderError):
    """Somebody tried too often to come in."""

    def __init__(self, message: str, *, wait_s: float) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class StorageError(RecommenderError):
    """The database could not do its work."""


class SchemaTooNew(StorageError):
    """The database was written by a newer Sawthis."""

    def __init__(self, message: str, *, found: int, known: int) -> None:
        super().__init__(message)
        self.found = found
        self.known = known


class StorageBusy(StorageError):
    """Another process holds the database and did not let go in time."""


class IngestError(RecommenderError):
    """A feed or page could not be read."""

    def __init__(self, message: str, *, url: str = "") -> None:
        super().__init__(message)
        self.url = url


class EmbeddingError(RecommenderError):
    """The embedding model could not be loaded or run."""


class MailError(RecommenderError):
    """The mail server did not take a mail."""


class MailUndecided(MailError):
    """The mail was handed over and no answer came: the server may have taken it, or not."""


class ConfigError(RecommenderError):
    """A setting is missing or wrong."""

    def __init__(self, message: str, *, setting: str = "") -> None:
        super().__init__(message)
        self.setting = setting
