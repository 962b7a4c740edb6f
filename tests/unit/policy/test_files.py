"""What a folder of policies may hold, as files."""

import os
from pathlib import Path

import pytest

from service.policy.load import load, read
from service.policy.model import BundleRefused
from tests.unit.policy.folder import Folder

MEBIBYTE = 1024 * 1024


def test_a_good_folder_has_no_mistakes(folder: Folder) -> None:
    """The bundle that ships loads."""
    assert folder.mistakes() == []


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_missing_or_empty_folder_is_told_in_one_sentence(tmp_path: Path, name: str) -> None:
    """Nothing is said about each file that is not there."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / ".hidden").write_text("x")
    for reading in (load, read):
        with pytest.raises(BundleRefused) as refused:
            reading(tmp_path / name)
        assert [(m.file, m.path) for m in refused.value.faults] == [(".", "folder")]


@pytest.mark.parametrize("file", ["controller.toml", "purposes.toml", "recipients.toml", "retention.toml"])
def test_a_missing_file_is_told_once(folder: Folder, file: str) -> None:
    """What other files name in it is not held against them."""
    folder.remove(file)
    assert [(at, path) for at, path, _ in folder.mistakes()] == [(file, "whole file")]


@pytest.mark.parametrize("content", [b"\xff", b"[x"])
@pytest.mark.parametrize(
    "file",
    [
        "purposes.toml",
        "sites.toml",
        "fields.toml",
        "channels.toml",
        "recipients.toml",
        "placements.toml",
        "journeys/see-think-do-care.toml",
        "offers/fallbacks.toml",
        "notices/shop/1.0.it.md",
    ],
)
def test_a_file_that_cannot_be_read_is_told_once(folder: Folder, file: str, content: bytes) -> None:
    """Whatever it would have held is not held to be missing."""
    folder.write(file, content)
    assert [(at, path) for at, path, _ in folder.mistakes()] == [(file, "line 1")]


def test_a_file_out_of_place_is_refused_with_a_hint(folder: Folder) -> None:
    """A misspelt file would otherwise be a policy that nobody reads."""
    folder.write("purpose.toml", "")
    folder.write("offers/summer/june.toml", "")
    folder.write("notices/shop.md", "")
    assert [(file, path) for file, path, _ in folder.mistakes()] == [
        ("notices/shop.md", "whole file"),
        ("offers/summer/june.toml", "whole file"),
        ("purpose.toml", "whole file"),
    ]
    assert "did you mean purposes.toml?" in folder.mistakes()[-1][2]


def test_a_name_that_no_id_can_have_is_refused(folder: Folder) -> None:
    """The name of a journey's file is its id; names for other eyes are refused altogether."""
    folder.write("offers/Summer.toml", "")
    folder.write("offers/\x1b[31m.toml", "")
    folder.write(b"offers/\xff.toml".decode(errors="surrogateescape"), "")
    assert sorted(path for _, path, _ in folder.mistakes()) == [
        '"\\u001b[31m.toml"',
        '"\\udcff.toml"',
        "name",
    ]


def test_hidden_files_are_no_part_of_a_bundle(folder: Folder) -> None:
    """What editors and version control leave behind changes nothing."""
    before = folder.load().digest
    folder.write(".DS_Store", b"\xff")
    folder.write("offers/.care.toml.swp", b"\xff")
    folder.write(".git/config", "")
    assert folder.load().digest == before


@pytest.mark.parametrize(
    ("content", "path", "message"),
    [
        (b'[offer]\n"\xff"\n', "line 2", "this is not UTF-8"),
        (b"\xef\xbb\xbf[offer]\n", "line 1", "byte order mark"),
        (b"[offer]\nx = [\n", "line 3", "this is not TOML"),
        (b"[offer\n", "line 1", "column 7: this is not TOML"),
        (b"a = 1\na = 2\n", "line 2", "there twice"),
        (b"[offer.a]\n[offer.a]\n", "line 2", "there twice"),
        (b"x = " + b"[" * 5000, "line 1", "this is not TOML"),
        (b"x = " + b"1" * 5000, "line 1", "this is not TOML"),
        (b"# x\0", "line 1", "this is not TOML"),
        (b"#" * (MEBIBYTE + 1), "whole file", "larger than 1 MiB"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_the_line(
    folder: Folder, content: bytes, path: str, message: str
) -> None:
    """The rest of the bundle is checked all the same."""
    folder.write("offers/more.toml", content)
    folder.edit("controller.toml", "approvals = 1", "approvals = 9")
    assert [(file, at) for file, at, _ in folder.mistakes()] == [
        ("controller.toml", "approvals"),
        ("offers/more.toml", path),
    ]
    assert message in folder.mistakes()[1][2]


def test_a_file_may_have_a_mebibyte(folder: Folder) -> None:
    """The limit itself is allowed."""
    folder.write("offers/more.toml", b"#" * MEBIBYTE)
    assert folder.mistakes() == []


def test_a_link_out_of_the_folder_is_refused(folder: Folder, tmp_path: Path) -> None:
    """A bundle cannot draw in what the folder does not hold, neither files nor folders."""
    (tmp_path / "outside.toml").write_text("")
    (tmp_path / "outside").mkdir()
    (folder.path / "offers" / "linked.toml").symlink_to(tmp_path / "outside.toml")
    (folder.path / "more").symlink_to(tmp_path / "outside")
    told = {file: message for file, _, message in folder.mistakes()}
    assert "leads out of the folder" in told["offers/linked.toml"]
    assert "linked folder" in told["more"]


def test_a_link_inside_the_folder_is_followed(folder: Folder) -> None:
    """Some platforms mount files as links to a hidden folder beside them."""
    (folder.path / ".data").mkdir()
    (folder.path / "offers" / "do.toml").rename(folder.path / ".data" / "do.toml")
    (folder.path / "offers" / "do.toml").symlink_to("../.data/do.toml")
    assert folder.mistakes() == []


def test_what_is_no_file_is_refused_and_not_waited_for(folder: Folder) -> None:
    """A pipe, a link to nowhere and a link to itself are told like any other mistake."""
    os.mkfifo(folder.path / "offers" / "pipe.toml")
    (folder.path / "offers" / "nowhere.toml").symlink_to("gone.toml")
    (folder.path / "offers" / "loop.toml").symlink_to("loop.toml")
    assert {file: message.partition(";")[0] for file, _, message in folder.mistakes()} == {
        "offers/loop.toml": "the file cannot be read",
        "offers/nowhere.toml": "the file cannot be read",
        "offers/pipe.toml": "this is not a file",
    }


def test_folders_that_a_bundle_does_not_have_are_not_entered(folder: Folder) -> None:
    """Nothing lies deeper than a notice."""
    folder.write("notices/shop/old/1.0.it.md", "")
    assert [(file, path) for file, path, _ in folder.mistakes()] == [("notices/shop/old", "folder")]
