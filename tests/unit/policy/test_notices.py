"""Notices: complete, in every language, and shown word for word."""

import hashlib

import pytest

from service.policy.load import read, thawed
from service.policy.load.notices import PLACEHOLDERS
from tests.unit.policy.folder import Folder

ENGLISH = "notices/shop/1.0.en.md"
ITALIAN = "notices/shop/1.0.it.md"
FRONT = '---\npurposes = ["analytics", "personalization", "marketing_email", "model_training"]\n---\n'
COMPLETE = FRONT + " ".join(f"{{{name}}}" for name in PLACEHOLDERS)


def places(folder: Folder) -> list[tuple[str, str]]:
    """Where mistakes are told."""
    return [(file, path) for file, path, _ in folder.mistakes()]


def test_the_text_is_filled_with_the_facts_of_the_bundle(folder: Folder) -> None:
    """What the law asks for cannot be forgotten, and cannot differ from what is in force."""
    text = folder.load().current_notice("shop", "en").text
    assert "{" not in text
    assert "Bottega Sonora S.r.l." in text
    assert "- **Statistics** (your consent, Art. 6(1)(a) GDPR): Understand how the shop is used" in text
    assert "- **Orders and support** (our contract with you, Art. 6(1)(b) GDPR)" in text
    assert "- Statistics: your contacts with us" in text
    assert "- Customer records of Bottega Sonora (IT): a system of our own" in text
    assert "(US): standard contractual clauses of the European Commission, Art. 46(2)(c) GDPR" in text
    assert "- Statistics: at most 395 days; your consent expires after 365 days" in text
    assert "by writing to diritti@bottega-sonora.example" in text
    assert "www.garanteprivacy.it" in text


def test_every_language_is_filled_in_its_own_words(folder: Folder) -> None:
    """The Italian text speaks Italian also where the bundle fills it."""
    text = folder.load().current_notice("shop", "it").text
    assert "- **Statistiche** (il tuo consenso, art. 6(1)(a) GDPR)" in text
    assert "your" not in text


def test_who_receives_nothing_is_not_named(folder: Folder) -> None:
    """Only recipients of the notice's own purposes; with none, that is said in words."""
    for recipient in ("crm", "newsletter", "ads"):
        folder.write(
            "purposes.toml",
            (folder.path / "purposes.toml").read_text().replace(f'recipients = ["{recipient}"]\n', ""),
        )
    text = folder.load().current_notice("shop", "en").text
    assert "Nobody but us." in text
    assert "Your data stay in the European Economic Area." in text


def test_the_hash_is_that_of_the_text_shown(folder: Folder) -> None:
    """Who kept the text can prove which one it was."""
    notice = folder.load().current_notice("shop", "it")
    assert notice.sha256 == hashlib.sha256(notice.text.encode()).hexdigest()


def test_a_changed_fact_changes_the_hash(folder: Folder) -> None:
    """A token that says what was shown does not fit what is shown now."""
    before = folder.load().current_notice("shop", "en").sha256
    folder.edit("purposes.toml", "retention-days = 395", "retention-days = 396")
    assert folder.load().current_notice("shop", "en").sha256 != before


@pytest.mark.parametrize("name", sorted(PLACEHOLDERS))
def test_every_placeholder_is_needed(folder: Folder, name: str) -> None:
    """Each stands for something that Art. 13 asks for."""
    folder.edit(ENGLISH, f"{{{name}}}", "see elsewhere")
    assert places(folder) == [(ENGLISH, f"text.{name}")]


def test_a_misspelt_placeholder_is_refused(folder: Folder) -> None:
    """It would be shown to people as it stands."""
    folder.edit(ENGLISH, "{complain}", "{complain} {recipient}")
    assert places(folder) == [(ENGLISH, "text.recipient")]
    assert "did you mean recipients?" in folder.mistakes()[0][2]


@pytest.mark.parametrize("content", ["", "# Hello", "---\npurposes = []\n", FRONT.replace("---", "--"), "\n" + FRONT])
def test_a_notice_starts_with_its_purposes(folder: Folder, content: str) -> None:
    """Without them nobody knows what was asked."""
    folder.write(ENGLISH, content)
    assert places(folder) == [(ENGLISH, "line 1")]


def test_purposes_are_not_held_against_notices_that_cannot_be_read(folder: Folder) -> None:
    """Nobody knows what a broken notice asks for."""
    folder.write(ENGLISH, "")
    folder.write(ITALIAN, b"\xff")
    assert places(folder) == [(ENGLISH, "line 1"), (ITALIAN, "line 1")]


def test_front_matter_that_is_no_toml_is_told_with_its_line_in_the_file(folder: Folder) -> None:
    """Counted from the top of the file, not of the front matter."""
    folder.write(ENGLISH, "---\n# the purposes\npurposes = [\n---\ntext\n")
    assert places(folder) == [(ENGLISH, "line 4")]


def test_line_ends_of_any_system_are_read(folder: Folder) -> None:
    """A text written on Windows is a text."""
    folder.write(ENGLISH, COMPLETE.replace("\n", "\r\n"))
    folder.write(ITALIAN, COMPLETE)
    assert folder.mistakes() == []


def test_the_purposes_of_a_notice_exist_and_are_some(folder: Folder) -> None:
    """A notice that asks nothing, or about nothing known, is no notice."""
    folder.edit(ENGLISH, '"model_training"', '"model_trainig"')
    assert places(folder) == [(ENGLISH, "purposes[4]")]
    folder.write(ENGLISH, COMPLETE.replace(FRONT, "---\npurposes = []\n---\n"))
    assert (ENGLISH, "purposes") in places(folder)


def test_languages_of_one_version_ask_the_same(folder: Folder) -> None:
    """What is asked does not depend on who reads."""
    folder.edit(ENGLISH, '"service", ', "")
    assert places(folder) == [(ITALIAN, "purposes")]


def test_the_newest_version_is_in_every_language_of_the_site(folder: Folder) -> None:
    """Nobody is asked in a language that they do not read."""
    folder.write("notices/shop/1.1.it.md", COMPLETE)
    assert places(folder) == [("notices/shop/1.1.en.md", "whole file")]
    folder.write("notices/shop/1.1.en.md", COMPLETE)
    assert folder.load().current_notice("shop", "en").version == "1.1"


def test_versions_are_ordered_as_numbers(folder: Folder) -> None:
    """Ten comes after nine."""
    for version in ("1.9", "1.10"):
        for language in ("it", "en"):
            folder.write(f"notices/shop/{version}.{language}.md", COMPLETE)
    assert folder.load().current_notice("shop", "it").version == "1.10"


def test_an_old_version_keeps_the_languages_it_had(folder: Folder) -> None:
    """Nobody is made to write a text that was never shown."""
    folder.write("notices/shop/0.9.it.md", COMPLETE)
    bundle = folder.load()
    assert bundle.notice("shop", "0.9", "it") is not None
    assert bundle.superseded("shop", "0.9")


@pytest.mark.parametrize("name", ["1.it.md", "1.0.0.it.md", "one.it.md", "01.0.it.md", "1.0.xx.md", "it.1.0.md"])
def test_a_file_of_another_name_is_no_notice(folder: Folder, name: str) -> None:
    """Version and language come from the name, so the name is exact."""
    folder.write(f"notices/shop/{name}", COMPLETE)
    assert places(folder) == [(f"notices/shop/{name}", "name")]


def major(folder: Folder, version: str, changes: str = "") -> None:
    """Write a version in both languages; `changes` is a line of its front matter."""
    for language in ("it", "en"):
        folder.write(f"notices/shop/{version}.{language}.md", COMPLETE.replace("---\n", f"---\n{changes}\n", 1))


@pytest.mark.parametrize(
    ("version", "changes", "path", "told"),
    [
        ("1.1", 'changes = ["analytics"]', "changes", "a minor version changes no processing"),
        ("2.0", "changes = []", "changes", "names no purpose"),
        ("2.0", 'changes = ["service"]', "changes[0]", "the notice does not name this purpose"),
        ("2.0", 'changes = ["analytic"]', "changes[0]", "did you mean analytics?"),
        ("2.0", 'changes = ["analytics", "analytics"]', "changes[1]", "is listed twice"),
    ],
)
def test_what_a_version_cannot_change_is_refused(
    folder: Folder, version: str, changes: str, path: str, told: str
) -> None:
    """A major version says which of its purposes it changes; a minor one changes none."""
    major(folder, version, changes)
    mistakes = folder.mistakes()
    assert [mistake[:2] for mistake in mistakes] == [
        (f"notices/shop/{version}.{language}.md", path) for language in ("en", "it")
    ]
    assert told in mistakes[0][2]


def test_languages_of_one_version_change_the_same(folder: Folder) -> None:
    """Whose consent ends does not depend on who reads."""
    major(folder, "2.0", 'changes = ["analytics"]')
    folder.edit("notices/shop/2.0.it.md", 'changes = ["analytics"]\n', "")
    assert places(folder) == [("notices/shop/2.0.it.md", "changes")]


def test_a_later_major_version_invalidates_what_it_changes(folder: Folder) -> None:
    """Every major version since counts, a minor one never, and one that is gone may have changed anything."""
    major(folder, "1.1")
    major(folder, "2.0", 'changes = ["analytics"]')
    major(folder, "2.1")
    major(folder, "3.0", 'changes = ["personalization"]')
    bundle = folder.load()
    asked = bundle.current_notice("shop", "en").purposes
    on_first, on_second = ([p for p in asked if bundle.invalidated("shop", version, p)] for version in ("1.1", "2.0"))
    assert (sorted(on_first), on_second) == (["analytics", "personalization"], ["personalization"])
    assert not any(bundle.invalidated("shop", "3.0", p) for p in bundle.purposes)
    assert not any(bundle.invalidated("other", "1.0", p) for p in bundle.purposes)
    for language in ("it", "en"):
        folder.remove(f"notices/shop/2.0.{language}.md")
    bundle = folder.load()
    assert all(bundle.invalidated("shop", "1.0", p) for p in bundle.purposes)


def test_a_later_major_version_invalidates_what_it_no_longer_names(folder: Folder) -> None:
    """Whoever agreed to a text that asks no more agreed to nothing that is still said."""
    named = folder.load().current_notice("shop", "en").purposes
    major(folder, "2.0", 'changes = ["analytics"]')
    dropped = set(named) - set(folder.load().current_notice("shop", "en").purposes)
    assert dropped
    assert all(folder.load().invalidated("shop", "1.0", purpose) for purpose in dropped)


def test_a_frozen_bundle_says_the_same_again(folder: Folder) -> None:
    """What was shown is produced from what was kept."""
    bundle, content = read(folder.path)
    again = thawed(content)
    assert (again.digest, again.notices, again.purposes) == (bundle.digest, bundle.notices, bundle.purposes)
