"""How a command ends: 0 good, 1 the answer is no, 2 usage, 3 cannot reach something (API.md)."""

import asyncio
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from typing import Any, TypeVar

import click
import uvloop
from asyncpg import exceptions

from service.kernel.embedded import EmbeddedRefused
from service.kernel.migrate import MigrationRefused
from service.kernel.problem import Unavailable
from service.policy.model import BundleRefused
from service.rights.journal.gate import ReplayNeeded
from service.settings import Settings, SettingsRefused, from_environment
from service.subjects.keys.model import KeyringRefused
from service.subjects.private import KeyFileRefused

T = TypeVar("T")

NO = 1
USAGE = 2
UNREACHABLE = 3

NOT_GRANTED = (
    "PostgreSQL does not let the role in PLACET_DATABASE_URL do this. Commands that administer run as the owner of the "
    "tables; after `placet migrate` run migrations/roles.sql again (docs/hardening.md)."
)


class Stop(click.ClickException):
    """Ends the command with one sentence and an exit status."""

    def __init__(self, sentence: str, exit_code: int) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code  # pyright: ignore[reportAttributeAccessIssue] - click reads it of the instance


def settings_of(**overrides: object) -> Settings:
    """The settings of this process; a wrong one ends the command with status 2."""
    try:
        return from_environment(**overrides)
    except SettingsRefused as error:
        raise Stop(str(error), USAGE) from error


def database_url(settings: Settings) -> str:
    """The configured database; ends the command when there is none."""
    if settings.database_url is None:
        raise Stop("PLACET_DATABASE_URL is not set; `make run` starts an embedded PostgreSQL for trying out.", USAGE)
    return settings.database_url.reveal


@contextmanager
def told() -> Generator[None]:
    """What is known to go wrong inside ends the command with a sentence and a status, not with a traceback."""
    try:
        yield
    except BundleRefused as refused:
        show_mistakes(refused)
        raise Stop("Nothing was changed; mend the bundle and try again.", NO) from refused
    except (KeyFileRefused, KeyringRefused, MigrationRefused, EmbeddedRefused) as error:
        raise Stop(str(error), NO) from error
    except exceptions.InsufficientPrivilegeError as error:
        raise Stop(NOT_GRANTED, NO) from error
    except ReplayNeeded as needed:
        raise Stop(needed.detail, NO) from needed
    except Unavailable as error:
        raise Stop(_unreachable(error.__cause__, "PLACET_DATABASE_URL"), UNREACHABLE) from error


@contextmanager
def reaching(setting: str) -> Generator[None]:
    """A database that does not answer inside ends the command with the setting that names it."""
    try:
        yield
    except Unavailable as error:
        raise Stop(_unreachable(error.__cause__, setting), UNREACHABLE) from error


def _unreachable(cause: BaseException | None, setting: str) -> str:
    """Why a database does not answer, and what to do; nothing of its address is repeated, since it has a password."""
    match cause:
        case exceptions.InvalidAuthorizationSpecificationError():
            return f"PostgreSQL does not let this user in; check user and password in {setting}."
        case exceptions.InvalidCatalogNameError():
            return f"PostgreSQL has no database of this name; create it, or name another in {setting}."
        case exceptions.ClientConfigurationError() | exceptions.UndefinedObjectError():
            return f"PostgreSQL cannot be asked this way; check what stands behind the ? in {setting}."
        case _:
            return f"The database cannot be reached; check {setting} and that PostgreSQL runs."


def run(command: Coroutine[Any, Any, T]) -> T:
    """Run a command to its end."""
    with told(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(command)


def show_mistakes(refused: BundleRefused) -> None:
    """Every mistake of a bundle, one a line: file, path, remedy."""
    for fault in refused.faults:
        click.echo(f"{fault.file}: {fault.path}: {fault.message}", err=True)
