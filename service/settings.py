"""Settings: one frozen Struct, read once from the environment. Secrets redact themselves."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_type_hints
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct, inspect

PLACE = re.compile(r"at `\$\.(\w+)")
HOST = re.compile(r"(\[[^\[\]]+\]|[^:\[\]]*)(:(?P<port>\d{1,5}))?")
LAST_PORT = 65535
MAIL = frozenset({"smtps", "smtp", "smtp+plain"})
SENDER = re.compile(r"[!-;=?-~]+@[!-;=?-~]+|[^<>\r\n]*<[!-;=?-~]+@[!-;=?-~]+>")
ADDRESSES = ("database_url", "erasure_url", "keyring_url")
"""The settings that are addresses of a PostgreSQL, with a password in them."""


class Secret(Struct, frozen=True):
    """A value that shows itself only to who asks by name."""

    reveal: str

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__


class SettingsRefused(Exception):
    """The environment holds a setting that cannot be used."""


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """How this deployment runs. Each field is the environment variable `PLACET_` + its name in capitals."""

    database_url: Secret | None = None
    """The address of PostgreSQL 15 or newer; absent in development means the embedded one."""
    erasure_url: Secret | None = None
    """The same database as a role that may erase (docs/hardening.md); absent, erasures use `database_url`."""
    keyring_url: Secret | None = None
    """The same of the keyring's, which is backed up apart; absent in development means `NAME_keyring` beside it."""
    environment: Literal["development", "production"] = "production"
    """development allows `Placet-Now` and writes `dev-credentials.json`."""
    data_dir: Path = Path(".placet")
    """Where the key file, and in development the embedded database and the credentials, are kept."""
    checkpoint_file: Path | None = None
    """The last published checkpoint, best on a volume of its own; absent: `checkpoint.txt` in the data directory."""
    journal_file: Path | None = None
    """The journal of erasures, on such a volume too; absent: `erasures.journal` in the data directory."""
    root_key_file: Path | None = None
    """The file of the root key, which wraps the keys in the key file; in development `root.key` beside that one."""
    root_key: Secret | None = None
    """The root key itself, instead of a file: 32 random bytes in base64url."""
    next_root_key: Secret | None = None
    """What `placet keys rotate root` changes `PLACET_ROOT_KEY` to; every serving process needs both for that time."""
    policies_dir: Path = Path("policies")
    """The bundle to activate at start."""
    host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=LAST_PORT)] = 8000
    base_url: str | None = None
    """How callers reach the service; the issuer of receipts and certificates."""
    pool_size: Annotated[int, Meta(ge=1)] = 10
    """Connections of each of the two pools, one for reads and one for writes."""
    rate_per_second: Annotated[int, Meta(ge=0)] = 0
    """Requests per second of one secret key or officer's token from one address, in each process; 0: no limit."""
    browser_rate_per_second: Annotated[int, Meta(ge=0)] = 50
    """The same for a publishable key, and for all unknown callers of one address. Behind a proxy: 0; limit there."""
    epoch_days: Annotated[int, Meta(ge=1)] = 30
    """After how many days at most you end an epoch (`placet keys rotate epoch`); certificates rely on it."""
    backup_retention_days: Annotated[int, Meta(ge=1)] = 30
    """After how many days at most every backup of either database is gone; certificates rely on it."""
    smtp_url: Secret | None = None
    """The mail server for letters to people: `smtps://user:password@host`, `smtp://` (STARTTLS), or `smtp+plain://`."""
    mail_from: str | None = None
    """The address that those letters come from, such as `Bottega Sonora <privacy@bottega-sonora.example>`."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def development(self) -> bool:
        """Whether the conveniences of development are on."""
        return self.environment == "development"

    @property
    def issuer(self) -> str:
        """The address that signed documents name as their origin."""
        return self.base_url or f"http://{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        """The origin of our own pages, as a browser names it (RFC 6454)."""
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def key_file(self) -> Path:
        """The file that holds every key of this deployment."""
        return self.data_dir / "keys.json"

    @property
    def published(self) -> Path:
        """The file of the last published checkpoint, which no backup of the database may hold."""
        return self.checkpoint_file or self.data_dir / "checkpoint.txt"

    @property
    def outbox_dir(self) -> Path:
        """Where letters are dropped in development."""
        return self.data_dir / "mail"

    @property
    def journal(self) -> Path:
        """The file of the journal of erasures, which no backup of the database may hold."""
        return self.journal_file or self.data_dir / "erasures.journal"

    @property
    def root_file(self) -> Path | None:
        """The file that holds the root key; in production only one that was named."""
        return self.root_key_file or (self.data_dir / "root.key" if self.development else None)


SECRETS = frozenset({*ADDRESSES, "root_key", "next_root_key", "smtp_url"})


def from_environment(source: Mapping[str, str] | None = None, /, **overrides: object) -> Settings:
    """The settings in `source` (default: the process's environment); raises `SettingsRefused` naming what is wrong.

    An unknown `PLACET_` variable is refused: a misspelt setting must not be a silent default. Those for tests and
    for a choice of binaries (`PLACET_TEST_…`, `PLACET_POSTGRES_…`) are not settings of the service.
    """
    given: dict[str, object] = {
        name.removeprefix("PLACET_").lower(): value
        for name, value in (os.environ if source is None else source).items()
        if name.startswith("PLACET_") and not name.startswith(("PLACET_TEST_", "PLACET_POSTGRES_"))
    }
    for name in SECRETS & given.keys():
        given[name] = {"reveal": given[name]}
    given |= overrides
    known = {field.name for field in msgspec.structs.fields(Settings)}
    if unknown := sorted(given.keys() - known):
        names = ", ".join("PLACET_" + name.upper() for name in unknown)
        raise SettingsRefused(f"{names}: no such setting; docs/settings.md lists them")
    try:
        settings = msgspec.convert(given, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        place = PLACE.search(str(error))
        name = place[1] if place else ""
        raise SettingsRefused(f"PLACET_{name.upper()} must be {wanted(name)}; see docs/settings.md") from error
    for name in ADDRESSES:
        if (address := getattr(settings, name)) is not None:
            _require_address(name, address.reveal)
    if settings.smtp_url is not None:
        _require_mail(settings.smtp_url.reveal, settings.mail_from or "")
    if settings.keyring_url is not None and settings.keyring_url == settings.database_url:
        raise SettingsRefused(
            "PLACET_KEYRING_URL names the database of PLACET_DATABASE_URL; what is sealed and its keys need one each, "
            "so that nobody finds both in one backup"
        )
    return settings


def wanted(name: str) -> str:
    """What a setting must be, in words."""
    return _in_words(inspect.type_info(get_type_hints(Settings, include_extras=True)[name]))


def _in_words(kind: inspect.Type) -> str:
    match kind:
        case inspect.UnionType(types=(given, *_)):
            return _in_words(given)
        case inspect.IntType(ge=least, le=most):
            return f"a whole number from {least}" + (f" to {most}" if most else "")
        case inspect.LiteralType(values=values):
            return " or ".join(f"`{value}`" for value in values)
        case inspect.StrType(min_length=least):
            return "text, not left empty" if least else "text"
        case inspect.StructType():
            return "a secret; never logged"
        case _:
            return "a path"


def _require_address(name: str, url: str) -> None:
    """Refuse what cannot be the address of a PostgreSQL, without repeating it: it holds a password."""
    fault = "is empty" if not url else _fault(url)
    if fault:
        raise SettingsRefused(
            f"PLACET_{name.upper()} {fault}; it must look like postgresql://user:password@host:5432/name, with special "
            "characters of the user and the password percent-encoded"
        )


def _fault(url: str) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "cannot be read"
    if parts.scheme not in ("postgresql", "postgres"):
        return "names another kind of database, or none"
    hosts = [HOST.fullmatch(host) for host in parts.netloc.rpartition("@")[2].split(",")]
    if not all(host and int(host["port"] or 0) <= LAST_PORT for host in hosts):
        return "has a host or a port that cannot be read"
    return None


def _require_mail(url: str, sender: str) -> None:
    """Refuse what cannot be the address of a mail server or of a sender, without repeating either."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in MAIL and parts.hostname and not parts.path.strip("/") and (parts.port or 1)
    except ValueError:
        usable = False
    if not usable:
        raise SettingsRefused(
            "PLACET_SMTP_URL must look like smtps://user:password@host:465, or smtp://host:587, which has to offer "
            "STARTTLS; smtp+plain://host:25 is for a server inside a private network"
        )
    if not SENDER.fullmatch(sender):
        raise SettingsRefused(
            "PLACET_MAIL_FROM must be an address such as privacy@shop.example, or Shop <privacy@shop.example>"
        )


def _path(wanted: type, value: object) -> object:
    if wanted is Path and isinstance(value, str | Path):
        if not str(value):
            raise ValueError("empty")
        return Path(value)
    raise NotImplementedError
