"""The only place that builds real objects: settings in, a house with its services out.

Everything is made when first asked for, so that `suggest` pays for a database connection
and nothing else.
"""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from recommender.errors import ConfigError, EmbeddingError, StorageError
from recommender.services.progress import silent

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator
    from datetime import tzinfo
    from pathlib import Path

    from recommender_feeds import HttpClient, SourceRegistry
    from recommender_models import Embedder, VectorMatrix

    from recommender.relevance import RelevanceModel
    from recommender.services.access import Access
    from recommender.services.digest import Digests
    from recommender.services.doctor import Diagnosis
    from recommender.services.importing import Importer
    from recommender.services.jobs import ChildWork
    from recommender.services.learning import Learner
    from recommender.services.mailing import Mailer
    from recommender.services.matching import Matching
    from recommender.services.moving import MoveReport
    from recommender.services.muting import Mutes
    from recommender.services.outcomes import Outcomes
    from recommender.services.people import People
    from recommender.services.planning import Plans
    from recommender.services.posting import PostOffice
    from recommender.services.progress import Progress
    from recommender.services.refresh import Refresher
    from recommender.services.saving import Saver
    from recommender.services.standing import Standings
    from recommender.services.subscriptions import Subscriptions
    from recommender.services.suggest import Suggester
    from recommender.services.touches import Touches
    from recommender.settings import Settings
    from recommender.storage.protocol import Storage
    from recommender.workshop import SharedQueue, Workshop


def utc_now() -> datetime:
    """The one clock of the house."""
    return datetime.now(UTC)


def local_zone(name: str) -> tzinfo | None:
    """A time zone by its IANA name; None, which is this machine's own, where there is none.

    Raises:
        ConfigError: There is no such zone.
    """
    if not name:
        return None
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(
            f"SAWTHIS_TIME_ZONE: there is no time zone “{name}”; one is Europe/Berlin",
            setting="time_zone",
        ) from error


def shipped_relevance_model() -> RelevanceModel:
    """The fitted numbers that come with the package, with the weights of words."""
    from recommender_models import relevance_numbers, word_rarity

    from recommender.relevance import Evidence, RelevanceModel

    numbers = relevance_numbers()
    return RelevanceModel(
        bias=numbers["bias"],
        weights=Evidence(**numbers["weights"]),
        threshold=numbers["threshold"],
        floor_sd=numbers["floor_sd"],
        rarity=word_rarity(),
    )


class House:
    """One library with its services, for one account.

    Args:
        settings: Where everything is.
        account_id: For whom; the settings' account if not said.
        notice: Gets a line when something takes long ("compiling the model …").
    """

    def __init__(
        self,
        settings: Settings,
        *,
        account_id: str | None = None,
        notice: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.settings = settings
        self.account_id = account_id or settings.account
        self._notice = notice
        self._vector_dir = settings.vector_dir

    def for_account(self, account_id: str) -> House:
        """The same library and model seen by another account."""
        other = House(self.settings, account_id=account_id, notice=self._notice)
        other.__dict__["storage"] = self.storage
        other.__dict__["embedder"] = self.embedder
        other.__dict__["_matching"] = self._matching
        other.__dict__["_queue"] = self._queue
        return other

    @cached_property
    def storage(self) -> Storage:
        """The library, made when it is not there yet."""
        if self.settings.is_cluster:
            return self._storage_on_server()
        from recommender.storage.sqlite import open_sqlite

        return open_sqlite(self.settings.library_file)

    def _storage_on_server(self) -> Storage:
        if not self.settings.database.startswith(("postgresql://", "postgres://")):
            raise ConfigError(
                "SAWTHIS_DATABASE is postgresql://user@host/name, or empty", setting="database"
            )
        try:
            from recommender.storage.postgres import open_postgres
        except ImportError as error:
            raise ConfigError(
                f"a library on a server needs more: `pip install sawthis[cluster]` ({error})",
                setting="database",
            ) from error
        return open_postgres(
            self.settings.database, pool_size=max(1, self.settings.database_connections)
        )

    @cached_property
    def threshold(self) -> float:
        """Probability below which nothing is suggested."""
        from recommender_models import relevance_numbers

        return float(relevance_numbers()["threshold"])

    @cached_property
    def relevance_model(self) -> RelevanceModel:
        """The fitted numbers with the weights of words."""
        return shipped_relevance_model()

    @cached_property
    def people(self) -> People:
        """Contacts and interests."""
        from recommender.services.people import People

        return People(self.storage, self.account_id)

    @cached_property
    def access(self) -> Access:
        """Tokens, devices, browsers."""
        from recommender.services.access import Access

        return Access(self.storage, self.account_id)

    @cached_property
    def mutes(self) -> Mutes:
        """What is suggested to nobody."""
        from recommender.services.muting import Mutes

        return Mutes(self.storage, self.account_id)

    @cached_property
    def saver(self) -> Saver:
        """Pages into the account's own part of the pool."""
        from recommender.services.saving import Saver

        return Saver(self.storage, self.account_id, self.http_client, self.match_soon)

    @cached_property
    def importer(self) -> Importer:
        """Address books in."""
        from recommender.services.importing import Importer

        return Importer(self.storage, self.account_id)

    @cached_property
    def suggester(self) -> Suggester:
        """Suggestions."""
        from recommender.services.suggest import Suggester

        return Suggester(self.storage, self.account_id, self.threshold)

    @cached_property
    def outcomes(self) -> Outcomes:
        """What came of them."""
        from recommender.services.outcomes import Outcomes

        return Outcomes(self.storage, self.account_id, self.suggester)

    @cached_property
    def plans(self) -> Plans:
        """Plans of days."""
        from recommender.services.planning import Plans

        return Plans(self.storage, self.account_id, self.people, self.suggester, self.zone)

    @cached_property
    def zone(self) -> tzinfo | None:
        """Where the user's days begin and end."""
        return local_zone(self.settings.time_zone)

    @cached_property
    def standing(self) -> Standings:
        """How the network stands."""
        from recommender.services.standing import Standings

        return Standings(self.storage, self.account_id, self.people, self.zone)

    @cached_property
    def digests(self) -> Digests:
        """Digests of a week."""
        from recommender.services.digest import Digests

        return Digests(
            self.storage,
            self.account_id,
            self.people,
            self.suggester,
            self.plans,
            self.standing,
            self.zone,
        )

    @property
    def mailer(self) -> Mailer:
        """Digests by mail; made anew, as `serve` learns its port late."""
        from recommender.services.mailing import Mailer, Sender

        settings = self.settings
        user = settings.smtp_user
        sender = Sender(
            settings.origin,
            settings.mail_from or (user if "@" in user else ""),
            is_public=settings.public_url.startswith("https://"),
        )
        return Mailer(
            self.storage, self.account_id, self.digests, self.post_office, sender, self.zone
        )

    def post_office(self) -> PostOffice:
        """Where the settings say that mail is handed over, or ConfigError."""
        from recommender.services.posting import post_office

        return post_office(self.settings)

    @cached_property
    def learner(self) -> Learner:
        """What reactions teach."""
        from recommender.services.learning import Learner

        return Learner(self.storage, self.account_id, self.people)

    @cached_property
    def touches(self) -> Touches:
        """Touches."""
        from recommender.services.touches import Touches

        return Touches(self.storage, self.account_id)

    @cached_property
    def subscriptions(self) -> Subscriptions:
        """Feeds."""
        from recommender.services.subscriptions import Subscriptions

        return Subscriptions(self.storage, self.account_id)

    @cached_property
    def embedder(self) -> Callable[[], Embedder]:
        """Loads the model when first called, and compiles it if that was not done yet."""
        loaded: list[Embedder] = []

        def load() -> Embedder:
            if not loaded:
                loaded.append(self._load_embedder())
            return loaded[0]

        return load

    def _load_embedder(self) -> Embedder:
        from recommender_models import EmbedderError, load_embedder

        try:
            return load_embedder(
                self.settings.model,
                self.settings.model_cache,
                n_threads=max(1, self.settings.threads),
                notice=self._notice,
            )
        except EmbedderError as error:
            raise EmbeddingError(str(error)) from error
        except OSError as error:
            raise EmbeddingError(
                f"the model can't be kept in {self.settings.model_cache}: {error.strerror}"
            ) from error

    def matching(self) -> Matching:
        """Matching under the current model."""
        return self._matching()

    @cached_property
    def _matching(self) -> Callable[[], Matching]:
        made: list[Matching] = []

        def make() -> Matching:
            from recommender.services.matching import Matching

            embedder = self.embedder()
            if not made:
                made[:] = [
                    Matching(self.storage, embedder, self._matrices(embedder), self.relevance_model)
                ]
            return made[0]

        return make

    def _matrices(self, embedder: Embedder) -> Callable[[str, int], VectorMatrix]:
        """Opens this library's matrices for a model, by what they hold and the length of a row."""
        import hashlib

        from recommender_models import VectorMatrix

        model = hashlib.sha256(embedder.key.encode()).hexdigest()[:12]
        # A library that was moved keeps its name, and both may go on.
        place = "server-" if self.settings.is_cluster else ""
        stem = f"{self.storage.library_id()}-{place}{model}"
        folder = self._vector_dir

        def opened(holds: str, dim: int) -> VectorMatrix:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                return VectorMatrix(folder / (f"{stem}-{holds}" if holds else stem), dim)
            except OSError as error:
                raise StorageError(f"{folder} can't be written: {error.strerror}") from error

        return opened

    @cached_property
    def refresher(self) -> Refresher:
        """Feeds in, vectors, matches."""
        from recommender.services.refresh import Refresher

        return Refresher(self.storage, self.settings.data_dir, self.embedder, self.matching)

    @cached_property
    def workshop(self) -> Workshop:
        """Work that others do: child processes, or workers where the library lies on a server."""
        from recommender.workshop import Workshop

        return Workshop(self, self._queue, utc_now)

    @cached_property
    def _queue(self) -> SharedQueue:
        from recommender.workshop import SharedQueue

        return SharedQueue(self.settings)

    def match_soon(self, progress: Progress = silent) -> bool:
        """Match what has changed: now, or by workers in a moment; whether it is done."""
        return self.workshop.match_soon(progress)

    def child_refresh(self) -> ChildWork:
        """A refresh that others do."""
        return self.workshop.refresh()

    def send_digest(self, account_id: str) -> None:
        """Send an account's digest if it is due."""
        self.for_account(account_id).mailer.send_if_due(now=utc_now())

    def use_vectors_in(self, folder: Path) -> None:
        """Keep the matrices there from now on."""
        self._vector_dir = folder

    def import_book(self, book: bytes, progress: Progress) -> dict[str, Any]:
        """Take in an address book and match what is new; what that came to, as a shape."""
        from recommender.services.shapes import import_shape

        outcome = self.importer.run(book, now=utc_now())
        if self.people.interests():
            self.match_soon(progress)
        return import_shape(outcome)

    def diagnose(self) -> Diagnosis:
        """What is well, what is ill, and what to do about it."""
        from recommender_models import describe

        from recommender.services.doctor import diagnose

        return diagnose(
            self.storage,
            self.account_id,
            data_dir=self.settings.data_dir,
            load_embedder=self.embedder,
            about_model=lambda: describe(self.settings.model, self.settings.model_cache),
            schedule=self.mailer.schedule(),
            check_mail_server=lambda: self.post_office().check(),
            queue=self._queue() if self.settings.is_cluster else None,
            now=utc_now(),
        )

    def move(self, url: str, progress: Progress, *, back: bool = False) -> MoveReport:
        """Move the library in the data directory to a server, with all accounts; or back.

        Raises:
            ConflictError: Another move or a refresh is under way, or the target holds something.
        """
        try:
            from recommender.storage.moving_postgres import PostgresSide
        except ImportError as error:
            raise ConfigError(
                f"a library on a server needs more: `pip install sawthis[cluster]` ({error})"
            ) from error
        from recommender.services.moving import Move
        from recommender.storage.moving_sqlite import SqliteSide

        embedded = House(replace(self.settings, database=""), notice=self._notice)
        with ExitStack() as stack:
            file = stack.enter_context(closing(SqliteSide(self.settings.library_file, is_new=back)))
            server = stack.enter_context(closing(PostgresSide(url, is_new=not back)))
            stack.callback(embedded.close)
            stack.enter_context(embedded.refresher.exclusive())
            source, target = (server, file) if back else (file, server)
            return Move(source, target, progress).run()

    def erase(self) -> dict[str, int]:
        """Erase the account with everything that is its own; says what went."""
        return self.storage.erase_account(self.account_id)

    @contextmanager
    def http_client(self, *also_allowed: str) -> Iterator[HttpClient]:
        """A client that reaches public hosts and those the settings list."""
        from recommender_feeds import AddressPolicy, HttpClient

        allowed = frozenset({*self.settings.allow_private_hosts, *also_allowed})
        with HttpClient(AddressPolicy(allowed)) as client:
            yield client

    @contextmanager
    def sources(self, *also_allowed: str) -> Iterator[SourceRegistry]:
        """Every kind of source, with its workers."""
        from recommender_feeds import (
            PageFetcher,
            ParserPool,
            SourceRegistry,
            builtin_sources,
            entry_point_sources,
        )

        with self.http_client(*also_allowed) as client, ParserPool() as parser:
            pages = PageFetcher(client, parser) if self.settings.full_text else None
            found = [*entry_point_sources(), *builtin_sources(client, parser)]
            yield SourceRegistry(found, pages)

    def rng(self) -> random.Random:
        """Randomness for jitter; nothing secret hangs on it."""
        import random

        return random.Random()

    def close(self) -> None:
        """Close what was opened."""
        if "_queue" in self.__dict__:
            self._queue.close()
        if "storage" in self.__dict__:
            self.storage.close()
