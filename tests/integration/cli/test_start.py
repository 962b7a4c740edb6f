"""What is wrong at the start is said in a sentence: what, where, and what to do."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.cli.playing import ROOT

PASSWORD = "planted-password"
NOWHERE = f"postgresql://placet:{PASSWORD}@127.0.0.1:1/placet"
NOWHERE_ELSE = f"postgresql://placet:{PASSWORD}@127.0.0.1:1/keyring"


def _start(tmp_path: Path, *options: str, **settings: str) -> tuple[int, str]:
    """How `placet serve` ends, and what it complains of."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLACET_")}
    ended = subprocess.run(  # noqa: S603 - fixed words
        [sys.executable, "-m", "service.cli", "serve", *options],
        cwd=ROOT,
        env=environment
        | {
            "PLACET_DATA_DIR": str(tmp_path / "data"),
            "PLACET_PORT": str(_free_port()),
            "PLACET_KEYRING_URL": NOWHERE_ELSE,
        }
        | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stderr


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize(
    ("settings", "status", "words"),
    [
        ({"PLACET_PORT": "x"}, 2, ("PLACET_PORT", "a whole number from 1 to 65535")),
        ({"PLACET_PORT": "99999"}, 2, ("PLACET_PORT", "a whole number from 1 to 65535")),
        ({"PLACET_POOL_SIZE": "0"}, 2, ("PLACET_POOL_SIZE", "a whole number from 1")),
        ({"PLACET_ENVIRONMENT": "prod"}, 2, ("PLACET_ENVIRONMENT", "`production`")),
        ({"PLACET_HOST": ""}, 2, ("PLACET_HOST", "not left empty")),
        ({"PLACET_HOST": "no..name"}, 2, ("PLACET_HOST", "neither an address nor a known name")),
        ({"PLACET_HOST": "192.0.2.1"}, 3, ("cannot be listened on", "PLACET_HOST")),
        ({"PLACET_DATABASE_URL": ""}, 2, ("PLACET_DATABASE_URL is empty", "postgresql://")),
        ({"PLACET_DATABASE_URL": f"mysql://u:{PASSWORD}@h/d"}, 2, ("another kind of database", "postgresql://")),
        ({"PLACET_DATABASE_URL": f"postgresql://u:{PASSWORD}/@h/d"}, 2, ("cannot be read", "percent-encoded")),
        ({"PLACET_DATABASE_URL": f"postgresql://u:{PASSWORD}@h:99999/d"}, 2, ("cannot be read", "percent-encoded")),
        ({"PLACET_DATABASE_URL": f"postgresql://u:{PASSWORD}@[::1/d"}, 2, ("cannot be read", "percent-encoded")),
        ({"PLACET_DATABASE_URL": f"{NOWHERE}?sslmode=perhaps"}, 3, ("behind the ?", "PLACET_DATABASE_URL")),
        ({"PLACET_DATABASE_URL": NOWHERE}, 3, ("cannot be reached", "PLACET_DATABASE_URL")),
        ({"PLACET_KEYRING_URL": ""}, 2, ("PLACET_KEYRING_URL is empty", "postgresql://")),
        ({"PLACET_KEYRING_URL": NOWHERE}, 2, ("PLACET_KEYRING_URL names the database of PLACET_DATABASE_URL",)),
    ],
)
def test_a_setting_that_cannot_be_is_a_sentence(
    tmp_path: Path, settings: Mapping[str, str], status: int, words: tuple[str, ...]
) -> None:
    """A wrong setting ends the start with its name and a remedy, and a password is not repeated."""
    code, complained = _start(tmp_path, **({"PLACET_DATABASE_URL": NOWHERE} | dict(settings)))
    assert code == status, complained
    assert all(word in complained for word in words), complained
    assert PASSWORD not in complained
    assert "Traceback" not in complained


@pytest.mark.parametrize("port", ["x", "0", "99999"])
def test_a_port_that_cannot_be_is_a_sentence(tmp_path: Path, port: str) -> None:
    """The option is as strict as the setting."""
    code, complained = _start(tmp_path, "--port", port)
    assert (code, "Invalid value for '--port'" in complained, "Traceback" in complained) == (2, True, False)


@pytest.mark.parametrize("below", ["", "below"])
def test_a_data_folder_that_is_a_file_is_a_sentence(tmp_path: Path, below: str) -> None:
    """Development ends before it starts anything where it cannot keep what it makes."""
    (tmp_path / "data").write_text("a file")
    code, complained = _start(tmp_path, "--development", PLACET_DATA_DIR=str(tmp_path / "data" / below))
    assert (code, "PLACET_DATA_DIR" in complained, "Traceback" in complained) == (2, True, False), complained


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("/no_such_database", "has no database of this name"),
        ("?nobody_knows_this=1", "behind the ?"),
    ],
)
def test_a_database_that_does_not_let_us_in_says_why(tmp_path: Path, postgres: str, change: str, words: str) -> None:
    """What PostgreSQL objects to is told apart from a server that is not there."""
    url = postgres.rpartition("/")[0] + change if change.startswith("/") else postgres + change
    code, complained = _start(tmp_path, PLACET_DATABASE_URL=url)
    assert (code, words in complained, "Traceback" in complained) == (3, True, False), complained
