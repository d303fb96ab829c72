"""Settings: by flag, then SAWTHIS_* environment, then a TOML file, then the default.

Each field's docstring line is its documentation: docs/reference/settings.md lists them all and
a test holds the two together.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recommender.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "SAWTHIS_"


def _default_data_dir() -> Path:
    # platformdirs' rule for Linux, written out: importing it costs the cold path 10 ms.
    if os.name == "posix" and os.uname().sysname == "Linux":
        base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
        return Path(base) / "sawthis"
    from platformdirs import user_data_dir

    return Path(user_data_dir("sawthis", appauthor=False))


def _setting(default: Any, doc: str) -> Any:  # noqa: ANN401  (as dataclasses.field itself)
    if callable(default):
        return field(default_factory=default, metadata={"doc": doc})
    return field(default=default, metadata={"doc": doc})


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set. Every field is SAWTHIS_<NAME> in the environment and <name> in TOML."""

    data_dir: Path = _setting(  # noqa: RUF009  (a field, as the next ones)
        _default_data_dir, "Folder of the library, the compiled model and the settings file."
    )
    database: str = _setting(
        "",
        "postgresql://user@host/name of a library on a server (`pip install sawthis[cluster]`); "
        "the file in the folder if empty.",
    )
    database_connections: int = _setting(
        10, "Connections to that server that one process may hold."
    )
    account: str = _setting("me", "The account the command line acts for.")
    model: str = _setting(
        "default",
        "Embedding model: `default`, the folder of a sentence-transformers model, or a hub name.",
    )
    allow_private_hosts: tuple[str, ...] = _setting(
        (), "Hosts (`host` or `host:port`, comma separated) that may be private or loopback."
    )
    host: str = _setting("127.0.0.1", "Address `sawthis serve` listens at.")
    port: int = _setting(8765, "Port `sawthis serve` listens at.")
    allowed_hosts: tuple[str, ...] = _setting(
        ("127.0.0.1", "localhost"), "Host names the service answers to; others get 400."
    )
    public_url: str = _setting(
        "", "Address by which browsers reach the service, if a proxy stands before it: https://…"
    )
    behind_proxy: bool = _setting(
        False, "A proxy with TLS stands before the service: it may listen elsewhere than loopback."
    )
    tls_cert: str = _setting("", "Certificate file (PEM), to serve https by itself.")
    tls_key: str = _setting("", "Key file that goes with it.")
    rate_limit: int = _setting(
        600, "Calls a minute from one address or token before 429; 0 switches the limit off."
    )
    metrics: bool = _setting(False, "Whether /metrics tells Prometheus, to who has a token.")
    full_text: bool = _setting(
        True, "Whether summaries are completed from their pages; each feed can be set apart."
    )
    refresh_minutes: int = _setting(
        15, "Minutes between looks for feeds that are due in `sawthis serve`; 0 switches them off."
    )
    time_zone: str = _setting(
        "", "IANA name of the time zone in which your days begin; empty for this machine's own."
    )
    smtp_host: str = _setting("", "Server that takes the digest's mail; none if empty.")
    smtp_port: int = _setting(587, "Its port: 587 for starttls, 465 for tls.")
    smtp_security: str = _setting(
        "starttls", "starttls, tls, or none: that only without a password, or to this machine."
    )
    smtp_user: str = _setting("", "User name there; no login if empty.")
    smtp_password: str = _setting(
        "",
        "Password there; better kept in the keyring (`pip install sawthis[keyring]`), as "
        "sawthis-smtp.",
    )
    mail_from: str = _setting(
        "", "Address the digest comes from; the SMTP user or else your own if empty."
    )
    threads: int = _setting(2, "Threads of the embedding model.")
    writer_url: str = _setting(
        "", "Base address of an OpenAI-compatible service for `draft --alternatives`; off if empty."
    )
    writer_model: str = _setting("", "Model that is asked there.")
    writer_key: str = _setting("", "Key that it is shown.")
    log_level: str = _setting("warning", "debug, info, warning or error; messages go to stderr.")

    @property
    def origin(self) -> str:
        """What browsers call this service: scheme, host and port."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls_cert else 'http'}://{host}:{self.port}"

    @property
    def library_file(self) -> Path:
        """The SQLite file."""
        return self.data_dir / "sawthis.db"

    @property
    def is_cluster(self) -> bool:
        """Whether the library lies on a server, for many machines."""
        return bool(self.database)

    @property
    def model_cache(self) -> Path:
        """Where compiled models lie."""
        return self.data_dir / "models"

    @property
    def vector_dir(self) -> Path:
        """Where the memory-mapped matrices lie; can be deleted at any time."""
        return self.data_dir / "vectors"


def load_settings(
    environment: Mapping[str, str], overrides: Mapping[str, object] | None = None
) -> Settings:
    """Settings from a TOML file, the environment and flags, the later winning.

    The file is SAWTHIS_CONFIG if set, else `config.toml` in the data directory.

    Args:
        environment: Usually os.environ.
        overrides: From flags; None values are passed over.

    Raises:
        ConfigError: A value can't be read or a name in the file is unknown.
    """
    flags = {name: value for name, value in (overrides or {}).items() if value is not None}
    named = {
        name: value
        for name in _names()
        if (value := environment.get(PREFIX + name.upper())) is not None and value != ""
    }
    data_dir = _as_path(flags.get("data_dir", named.get("data_dir", _default_data_dir())))
    file = environment.get(PREFIX + "CONFIG")
    values = _read_file(Path(file) if file else data_dir / "config.toml", required=bool(file))
    settings = Settings()
    for source in (values, named, flags):
        given: dict[str, Any] = {name: _convert(name, value) for name, value in source.items()}
        settings = replace(settings, **given)
    return settings


def _names() -> set[str]:
    return {f.name for f in fields(Settings)}


def _read_file(path: Path, *, required: bool) -> dict[str, object]:
    if not path.is_file():
        if required:
            raise ConfigError(f"the settings file {path} is not there", setting="config")
        return {}
    import tomllib

    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the settings file {path} can't be read: {error}") from error
    unknown = sorted(set(values) - _names())
    if unknown:
        raise ConfigError(f"{path} sets “{unknown[0]}”, which is no setting", setting=unknown[0])
    return values


def _convert(name: str, value: Any) -> object:  # noqa: ANN401  (checked here, typed after)
    default = {"data_dir": Path()}.get(name, getattr(Settings(), name))
    if isinstance(default, Path):
        return _as_path(value)
    if isinstance(default, tuple):
        parts = value.split(",") if isinstance(value, str) else value
        return tuple(str(part).strip() for part in parts if str(part).strip())
    if isinstance(default, bool):
        return _as_bool(name, value)
    if isinstance(default, int):
        return _as_int(name, value)
    return str(value)


def _as_path(value: object) -> Path:
    return Path(str(value)).expanduser()


def _as_bool(name: str, value: object) -> bool:
    known = {"1": True, "true": True, "yes": True, "on": True}
    known.update({"0": False, "false": False, "no": False, "off": False})
    word = str(value).strip().casefold()
    if word not in known:
        raise ConfigError(f"{PREFIX}{name.upper()} is true or false, not “{value}”", setting=name)
    return known[word]


def _as_int(name: str, value: object) -> int:
    try:
        number = int(str(value))
    except ValueError as error:
        raise ConfigError(
            f"{PREFIX}{name.upper()} is a number, not “{value}”", setting=name
        ) from error
    if number < 0:
        raise ConfigError(f"{PREFIX}{name.upper()} can't be negative", setting=name)
    return number
