"""The key file: what is in it comes back whole, and a bad one is refused with what is wrong and what to do."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.kernel.crypto import KeyUnusable, random_key, to_text
from service.settings import Secret, Settings
from service.subjects import private
from service.subjects.keyfile import (
    USES,
    change_key_file,
    create_key_file,
    new_key,
    read_key_file,
    rotate_root_key,
    upgrade_key_file,
)
from service.subjects.keyring import load_key_file
from service.subjects.private import KeyFileRefused

OLD_USES = ("lookup", "seal", "token", "signing")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A deployment with new keys."""
    settings = Settings(environment="development", data_dir=tmp_path / "data")
    create_key_file(settings)
    return settings


def edited(settings: Settings, change: Callable[[Any], object]) -> None:
    """The key file, changed by hand."""
    content = json.loads(settings.key_file.read_text())
    change(content)
    settings.key_file.write_text(json.dumps(content))


def refusal(settings: Settings) -> str:
    """Why the key file cannot be used."""
    with pytest.raises(KeyFileRefused) as refused:
        load_key_file(settings)
    return str(refused.value)


def test_every_use_has_a_key_of_its_own(settings: Settings) -> None:
    """A new file holds one random key for each use, wrapped; neither file can be read by others."""
    keys = read_key_file(settings)
    assert [key.use for key in keys] == list(USES)
    assert len({key.raw for key in keys}) == len(USES)
    assert {(key.version, key.state) for key in keys} == {(1, "current")}
    written = settings.key_file.read_text()
    assert not any(to_text(key.raw) in written for key in keys)
    modes = {path.name: path.stat().st_mode & 0o777 for path in settings.data_dir.iterdir()}
    assert modes == {"keys.json": 0o600, "keys.json.lock": 0o600, "root.key": 0o600}


def test_a_key_file_is_never_overwritten(settings: Settings) -> None:
    """Making keys where there are some is refused, and they stay."""
    before = settings.key_file.read_bytes()
    with pytest.raises(KeyFileRefused, match="never overwritten"):
        create_key_file(settings)
    assert settings.key_file.read_bytes() == before


@pytest.mark.parametrize("left", [0, 1, 300, -2])
def test_a_file_that_was_cut_off_is_refused(settings: Settings, left: int) -> None:
    """However much is left, the sentence is the same, and says what to restore."""
    settings.key_file.write_bytes(settings.key_file.read_bytes()[:left])
    assert "was cut off; restore the copy" in refusal(settings)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda file: file["keys"].pop(1), "lacks a whole key for: seal"),
        (lambda file: file["keys"].append(file["keys"][0]), "lacks a whole key for: lookup"),
        (lambda file: file["keys"][2].update(state="old"), "lacks a whole key for: token"),
        (lambda file: file["keys"][0].update(wrapped=file["keys"][1]["wrapped"]), "its key lookup 1 does not unwrap"),
        (lambda file: file["keys"][0].update(version=2), "its key lookup 2 does not unwrap"),
        (lambda file: file["keys"][3].update(wrapped="AAAA"), "its key signing 1 does not unwrap"),
        (lambda file: file["keys"][3].update(wrapped="-"), "its key signing 1 does not unwrap"),
        (lambda file: file.update(format="placet-keys-9"), "is not a key file of this service"),
        (lambda file: file.update(more=1), "is not a key file of this service"),
    ],
)
def test_a_file_that_was_changed_is_refused(settings: Settings, change: Callable[[Any], object], told: str) -> None:
    """A key that is missing, doubled, exchanged or damaged is told by its use; none can take another's place."""
    edited(settings, change)
    assert told in refusal(settings)


def test_a_missing_key_file_is_refused(settings: Settings) -> None:
    """The remedy depends on whether there ever was one, so both are told."""
    settings.key_file.unlink()
    assert "keys.json cannot be read" in refusal(settings)
    assert "`placet keys init`, or restore the copy" in refusal(settings)


@pytest.mark.parametrize("name", ["keys.json", "root.key"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_can_read_is_refused(settings: Settings, name: str, mode: int) -> None:
    """A key that others can read is no key; the sentence has the command that mends it."""
    path = settings.data_dir / name
    path.chmod(mode)
    assert f"{path} can be read by others (mode {mode:o}); run `chmod 600` on it" in refusal(settings)


def test_another_root_key_is_refused(settings: Settings) -> None:
    """A root key that does not wrap this file is told apart from a damaged file."""
    private.write(settings.data_dir / "root.key", to_text(random_key()).encode())
    assert f"the root key is not that of {settings.key_file}; restore the one" in refusal(settings)


@pytest.mark.parametrize("content", ["", "AAAA", "not base64url at all", "=" * 43])
def test_a_damaged_root_key_is_refused(settings: Settings, content: str) -> None:
    """What is not 32 bytes in base64url is no root key, and is not repeated."""
    (settings.data_dir / "root.key").write_text(content)
    told = refusal(settings)
    assert "root.key is not a root key: it must hold 32 random bytes" in told
    assert not content or content not in told


def test_a_missing_root_key_is_refused(settings: Settings) -> None:
    """Where its file is gone, and where production names none, the sentence says what to set or restore."""
    (settings.data_dir / "root.key").unlink()
    assert "restore the copy of the root key" in refusal(settings)
    assert "set PLACET_ROOT_KEY_FILE" in refusal(Settings(data_dir=settings.data_dir))
    with pytest.raises(KeyFileRefused, match="PLACET_ROOT_KEY_FILE"):
        create_key_file(Settings(data_dir=settings.data_dir / "new"))


def test_two_root_keys_are_refused(settings: Settings, tmp_path: Path) -> None:
    """Of a file and a value nobody could say which one counts."""
    both = Settings(data_dir=settings.data_dir, root_key_file=tmp_path / "r", root_key=Secret(to_text(random_key())))
    assert "are both set" in refusal(both)


def test_a_root_key_may_be_given_by_the_environment(tmp_path: Path) -> None:
    """No file of it is written then, and its rotation asks for the next one."""
    one, other = Secret(to_text(random_key())), Secret(to_text(random_key()))
    settings = Settings(data_dir=tmp_path, root_key=one)
    create_key_file(settings)
    keys = read_key_file(settings)
    assert {path.name for path in tmp_path.iterdir()} == {"keys.json", "keys.json.lock"}
    with pytest.raises(KeyFileRefused, match="PLACET_NEXT_ROOT_KEY is not set"):
        rotate_root_key(settings)
    both = Settings(data_dir=tmp_path, root_key=one, next_root_key=other)
    assert "Set PLACET_ROOT_KEY to the value" in rotate_root_key(both)
    assert read_key_file(both) == keys == read_key_file(Settings(data_dir=tmp_path, root_key=other))
    assert "the root key is not that of" in refusal(settings)


def test_rotating_the_root_key_keeps_every_key(settings: Settings) -> None:
    """Every key is wrapped anew, and opens under the new root key alone."""
    keys, old = read_key_file(settings), (settings.data_dir / "root.key").read_bytes()
    wrapped = {key["wrapped"] for key in json.loads(settings.key_file.read_text())["keys"]}
    rotate_root_key(settings)
    assert read_key_file(settings) == keys
    assert wrapped.isdisjoint(key["wrapped"] for key in json.loads(settings.key_file.read_text())["keys"])
    private.write(settings.data_dir / "root.key", old)
    assert "the root key is not that of" in refusal(settings)


@pytest.mark.parametrize("step", range(12))
def test_rotating_the_root_key_survives_a_kill_at_any_point(settings: Settings, step: int) -> None:
    """After a kill at every call that changes a file, the keys can be read, and the rotation run again ends well."""
    keys = read_key_file(settings)
    child = os.fork()
    if not child:
        _die_at(step)
        rotate_root_key(settings)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFEXITED(status) or os.WTERMSIG(status) == signal.SIGKILL
    assert read_key_file(settings) == keys
    rotate_root_key(settings)
    assert read_key_file(settings) == keys
    assert not (settings.data_dir / "root.key.next").exists()


def _die_at(step: int) -> None:
    """Kill this process at its n-th fsync or rename."""
    left = iter(range(step))
    for owner, name in ((os, "fsync"), (Path, "replace")):
        setattr(owner, name, _counted(getattr(owner, name), left))


def _counted(call: Callable[..., Any], left: Any) -> Callable[..., Any]:
    def counted(*args: Any) -> Any:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args)

    return counted


def test_only_one_at_a_time_changes_the_file(settings: Settings) -> None:
    """Whoever comes second is told to wait, and changes nothing."""
    with private.locked(settings.key_file), pytest.raises(KeyFileRefused, match="being changed by another process"):
        rotate_root_key(settings)


def test_a_file_of_version_0_1_is_upgraded_by_a_command(tmp_path: Path) -> None:
    """It is refused until then; afterwards its keys are the same, wrapped, and the new uses have keys."""
    settings = Settings(environment="development", data_dir=tmp_path)
    raw = {use: random_key() for use in OLD_USES}
    old = [{"use": use, "version": 1, "key": to_text(key)} for use, key in raw.items()]
    private.write(settings.key_file, json.dumps({"format": "placet-keys-1", "keys": old}).encode())
    assert "run `placet keys upgrade` once" in refusal(settings)
    assert upgrade_key_file(settings)
    keys = {key.use: key.raw for key in read_key_file(settings)}
    assert {use: keys[use] for use in OLD_USES} == raw
    assert set(keys) == set(USES)
    assert not any(to_text(key) in settings.key_file.read_text() for key in raw.values())
    assert not upgrade_key_file(settings)


def test_a_file_of_version_0_1_that_lacks_a_key_is_refused(tmp_path: Path) -> None:
    """Nothing is written over a file that is not whole."""
    settings = Settings(environment="development", data_dir=tmp_path)
    old = [{"use": use, "version": 1, "key": to_text(random_key())} for use in OLD_USES[:2]]
    private.write(settings.key_file, json.dumps({"format": "placet-keys-1", "keys": old}).encode())
    before = settings.key_file.read_bytes()
    with pytest.raises(KeyFileRefused, match="lacks a whole key for: signing, token"):
        upgrade_key_file(settings)
    assert settings.key_file.read_bytes() == before


def test_an_epoch_whose_key_is_gone_unwraps_nothing(settings: Settings) -> None:
    """Several epochs are held at once; what the destroyed one wrapped is dead."""
    epochs = load_key_file(settings).epochs
    raw = random_key()
    first, wrapped = epochs.current, epochs.wrap(raw)
    kept = [key for key in read_key_file(settings) if key.use != "epoch"]
    second = [new_key("epoch", 2)]
    old = [key for key in read_key_file(settings) if key.use == "epoch"]
    with private.locked(settings.key_file):
        change_key_file(settings, kept + second + [new_key("epoch", 3, "next")] + _aged(old))
    both = load_key_file(settings).epochs
    assert (both.current, both.unwrap(first, wrapped)) == (2, raw)
    with private.locked(settings.key_file):
        change_key_file(settings, kept + second)
    with pytest.raises(KeyUnusable):
        load_key_file(settings).epochs.unwrap(first, wrapped)
    with pytest.raises(KeyUnusable):
        both.unwrap(2, wrapped)


def _aged(keys: Any) -> Any:
    return [type(key)(key.use, key.version, "old", key.created_at, key.raw) for key in keys]
