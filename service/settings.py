"""Settings: one frozen Struct, read once from the environment. Secrets redact themselves."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct


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
    """PostgreSQL 15 or newer; absent in development means the embedded one."""
    environment: Literal["development", "production"] = "production"
    """development allows `Placet-Now` and writes `dev-credentials.json`."""
    data_dir: Path = Path(".placet")
    """Where the key file, and in development the embedded database and the credentials, are kept."""
    policies_dir: Path = Path("policies")
    """The bundle to activate at start."""
    host: str = "127.0.0.1"
    port: int = 8000
    base_url: str | None = None
    """How callers reach the service; the issuer of receipts and certificates."""
    pool_size: int = 10
    """Connections of each of the two pools, one for reads and one for writes."""
    rate_per_second: Annotated[int, Meta(ge=0)] = 0
    """Requests per second of one secret key or officer's token from one address, in each process; 0: no limit."""
    browser_rate_per_second: Annotated[int, Meta(ge=0)] = 50
    """The same for a publishable key, and for all unknown callers of one address. Behind a proxy: 0; limit there."""
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
    def key_file(self) -> Path:
        """The file that holds every key of this deployment."""
        return self.data_dir / "keys.json"


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
    if isinstance(url := given.get("database_url"), str):
        given["database_url"] = {"reveal": url}
    given |= overrides
    known = {field.name for field in msgspec.structs.fields(Settings)}
    if unknown := sorted(given.keys() - known):
        names = ", ".join("PLACET_" + name.upper() for name in unknown)
        raise SettingsRefused(f"{names}: no such setting; docs/settings.md lists them")
    try:
        return msgspec.convert(given, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise SettingsRefused(f"a PLACET_ setting cannot be used: {error}") from error


def _path(wanted: type, value: object) -> object:
    if wanted is Path and isinstance(value, str | Path):
        return Path(value)
    raise NotImplementedError
