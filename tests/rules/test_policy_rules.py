"""The rules that a bundle itself must keep: it does not load otherwise, and whoever checks it is told why."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli.policies import policies
from service.policy.load import load
from service.policy.load.notices import PLACEHOLDERS
from service.policy.model import BundleRefused
from tests.conftest import ROOT

SPECIAL = ["health", "religion", "ethnicity", "politics", "union", "genetics", "biometrics", "sexual"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the bundle that ships."""
    return Path(shutil.copytree(ROOT / "policies", tmp_path / "policies"))


def edit(file: Path, old: str, new: str) -> None:
    """Replace the first place in a file that says `old`."""
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def refused(folder: Path) -> list[tuple[str, str, str]]:
    """The mistakes for which a folder is refused."""
    with pytest.raises(BundleRefused) as error:
        load(folder)
    return [(mistake.file, mistake.path, mistake.message) for mistake in error.value.faults]


def checked(folder: Path) -> Result:
    """What `placet policies check` says of a folder."""
    return CliRunner().invoke(policies, ["check", str(folder)])


@pytest.mark.rule("D3")
def test_an_offer_that_reads_more_than_it_declares_does_not_load(folder: Path) -> None:
    """An offer whose rule reads a field of an undeclared purpose does not load."""
    edit(
        folder / "offers" / "contextual.toml",
        "rule = 'device == \"mobile\"'",
        "rule = 'device == \"mobile\" and lifetime_orders > 1'",
    )
    assert refused(folder) == [
        (
            "offers/contextual.toml",
            "offer.shop-by-phone.rule",
            (
                "column 24: reads lifetime_orders, which serves personalization; "
                "add personalization to the offer's purposes, or do not read it"
            ),
        )
    ]


@pytest.mark.rule("D3")
def test_an_offer_for_a_stage_reads_the_stage(folder: Path) -> None:
    """An offer that names stages needs the purpose of the field that tells the stage."""
    edit(folder / "offers" / "care.toml", 'purposes = ["personalization"]\nstages = ["care"]', 'stages = ["care"]')
    (mistake,) = refused(folder)
    assert mistake[:2] == ("offers/care.toml", "offer.care-tips.stages")
    assert "reads stage, which serves personalization" in mistake[2]


@pytest.mark.rule("D3")
def test_another_purpose_does_not_cover_what_is_read(folder: Path) -> None:
    """Consent to one purpose is no consent to another."""
    edit(folder / "offers" / "see-think.toml", 'purposes = ["personalization"]', 'purposes = ["marketing_email"]')
    assert [path for _, path, _ in refused(folder)] == ["offer.brand-story.stages"]


@pytest.mark.rule("D3")
def test_every_purpose_that_is_read_is_named(folder: Path) -> None:
    """A rule that reads for two undeclared purposes is told both."""
    edit(
        folder / "purposes.toml",
        'legal-basis = "consent"\ndata = ["touchpoints"]',
        'legal-basis = "consent"\ndata = ["touchpoints", "decisions"]',
    )
    edit(
        folder / "fields.toml",
        'event = "view_product"\ncategory = "behaviour"\npurpose = "personalization"',
        'event = "view_product"\ncategory = "behaviour"\npurpose = "analytics"',
    )
    edit(
        folder / "offers" / "contextual.toml",
        "rule = 'device == \"mobile\"'",
        'rule = "product_views > 1 and lifetime_orders > 1"',
    )
    told = [message for file, _, message in refused(folder) if file == "offers/contextual.toml"]
    assert sorted(message.partition(";")[0] for message in told) == [
        "column 1: reads product_views, which serves analytics",
        "column 23: reads lifetime_orders, which serves personalization",
    ]


@pytest.mark.rule("D3")
def test_checking_from_the_command_line_tells_every_such_offer(folder: Path) -> None:
    """`placet policies check` ends with status 1 and names file, path and column of each."""
    for file in ("care", "do", "see-think"):
        path = folder / "offers" / f"{file}.toml"
        path.write_text(path.read_text().replace('purposes = ["personalization"]\n', ""))
    result = checked(folder)
    assert result.exit_code == 1
    for offer in ("welcome-back", "listening-club", "bring-a-friend"):
        assert f"offers/care.toml: offer.{offer}.rule: column 1: reads lifetime_orders" in result.stderr
    assert "offers/do.toml: offer.follow-order.rule: column 1: reads days_since_last_order" in result.stderr
    for offer in ("care-tips", "brand-story", "guide-headphones"):
        assert f"offer.{offer}.stages: reads stage, which serves personalization" in result.stderr
    assert "The bundle has 10 mistakes." in result.stderr


@pytest.mark.rule("D14")
@pytest.mark.parametrize("category", SPECIAL)
def test_a_field_of_a_special_category_is_refused(folder: Path, category: str) -> None:
    """The bundle refuses a field of a special category (Art. 9)."""
    with (folder / "fields.toml").open("a") as fields:
        fields.write(f'\n[field.trait]\ntype = "text"\nsource = "context"\ncategory = "{category}"\n')
    assert [(file, path) for file, path, _ in refused(folder)] == [("fields.toml", "field.trait")]
    result = checked(folder)
    assert result.exit_code == 1
    assert "fields.toml: field.trait: this is " in result.stderr
    assert "a special category (Art. 9)" in result.stderr


@pytest.mark.rule("D14")
@pytest.mark.parametrize("field", ["health_interest", "religion", "political_leaning", "is_pregnant", "trade_union"])
def test_a_special_category_under_another_name_is_refused(folder: Path, field: str) -> None:
    """A field that says in its own name what it is gains nothing by another category."""
    with (folder / "fields.toml").open("a") as fields:
        fields.write(f'\n[field.{field}]\ntype = "boolean"\nsource = "context"\ncategory = "page"\n')
    result = checked(folder)
    assert result.exit_code == 1
    assert f"fields.toml: field.{field}: this is " in result.stderr


@pytest.mark.rule("D14")
def test_a_category_of_no_list_is_refused(folder: Path) -> None:
    """What is not known to be harmless is not let through under a word of its own."""
    edit(folder / "fields.toml", 'category = "page"', 'category = "wellbeing"')
    assert [path for _, path, _ in refused(folder)] == ["field.page_category.category"]


@pytest.mark.rule("C5")
@pytest.mark.parametrize("language", ["it", "en"])
def test_an_incomplete_notice_cannot_be_activated(folder: Path, language: str) -> None:
    """A notice without the placeholders of Art. 13 cannot be activated; every one that is missing is told."""
    notice = folder / "notices" / "shop" / f"1.0.{language}.md"
    front, _, _ = notice.read_text().partition("\n---\n")
    notice.write_text(f"{front}\n---\nWe value your privacy.\n")
    needed = {"controller", "purposes", "data", "recipients", "retention", "transfers", "withdraw", "complain"}
    assert needed == PLACEHOLDERS.keys()
    file = f"notices/shop/1.0.{language}.md"
    assert {(at, path) for at, path, _ in refused(folder)} == {(file, f"text.{name}") for name in needed}


@pytest.mark.rule("D15")
@pytest.mark.parametrize("language", ["it", "en"])
def test_a_personalised_price_says_so_or_does_not_load(folder: Path, language: str) -> None:
    """An offer with a personalised price says so to the person, in every language (Dir. 2011/83 Art. 6(1)(ea))."""
    care = folder / "offers" / "care.toml"
    kept = [
        line
        for line in care.read_text().splitlines()
        if not (line.startswith("disclosure") and ("Questo" in line) is (language == "it"))
    ]
    care.write_text("\n".join(kept))
    (mistake,) = refused(folder)
    assert mistake[:2] == ("offers/care.toml", f"offer.welcome-back.content.{language}.disclosure")
    assert "Dir. 2011/83 Art. 6(1)(ea)" in mistake[2]


@pytest.mark.rule("D15")
def test_the_disclosure_says_something(folder: Path) -> None:
    """An empty disclosure discloses nothing."""
    edit(folder / "offers" / "care.toml", 'disclosure = "This price', 'disclosure = "" # "This price')
    assert [path for _, path, _ in refused(folder)] == ["offer.welcome-back.content.en.disclosure"]


def test_a_good_bundle_passes_and_is_named(folder: Path) -> None:
    """`placet policies check` ends with status 0 and says which bundle it was."""
    result = checked(folder)
    assert result.exit_code == 0
    assert load(folder).digest in result.stdout
