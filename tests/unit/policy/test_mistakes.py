"""Every mistake of a bundle is told, with its place and a remedy, and all at once."""

import pytest

from service.policy.load import load
from service.policy.model import BundleRefused
from tests.unit.policy.folder import Case, Folder, cases

STDC = "journeys/see-think-do-care.toml"


FILES = ("values.toml", "between.toml", "contact.toml", "journeys.toml")


@pytest.mark.parametrize("case", [case for file in FILES for case in cases(file)], ids=str)
def test_a_mistake_is_told_once_where_it_was_made(folder: Folder, case: Case) -> None:
    """What follows from a mistake is not told beside it."""
    folder.edit(case.file, case.old, case.new)
    told = folder.mistakes()
    assert [(file, path) for file, path, _ in told] == [case.place]
    assert case.told in told[0][2]


def test_all_mistakes_are_told_at_once(folder: Folder) -> None:
    """Of every file and every kind, in order of file and path."""
    folder.edit("controller.toml", "approvals = 1", "approvals = 3")
    folder.edit("fields.toml", 'category = "technical"', 'category = "health"')
    folder.edit("sites.toml", '"http://localhost:8000"', '"localhost"')
    folder.edit("offers/do.toml", 'purposes = ["personalization"]', "")
    folder.edit("offers/do.toml", 'placements = ["cart_banner"]', 'placements = ["cart"]')
    folder.edit("notices/shop/1.0.en.md", "{withdraw}", "by post")
    folder.write("offers/care.toml", "[offer.care-tips")
    folder.write("retentoin.toml", "")
    folder.remove("retention.toml")
    assert [(file, path) for file, path, _ in folder.mistakes()] == [
        ("controller.toml", "approvals"),
        ("fields.toml", "field.device"),
        ("notices/shop/1.0.en.md", "text.withdraw"),
        ("offers/care.toml", "line 1"),
        ("offers/do.toml", "offer.easy-returns.placements[0]"),
        ("offers/do.toml", "offer.try-in-shop.rule"),
        ("retention.toml", "whole file"),
        ("retentoin.toml", "whole file"),
        ("sites.toml", "site.shop.origins[1]"),
    ]


def test_one_offer_can_have_several_mistakes(folder: Folder) -> None:
    """Wrong values do not hide what is wrong between right ones; one rule can be wrong in two ways."""
    folder.edit(
        "offers/see-think.toml",
        'purposes = ["personalization"]\nstages = ["think"]\nrule = \'product_views >= 3',
        'priority = "high"\nrule = \'product_views >= "3"',
    )
    folder.edit("offers/see-think.toml", "priority = 60\n", "")
    told = [(path.removeprefix("offer.compare-models."), message) for _, path, message in folder.mistakes()]
    assert [(path, message.partition(":")[0]) for path, message in told] == [
        ("priority", "must be a whole number"),
        ("rule", "column 18"),
        ("rule", "column 1"),
    ]


def test_a_rule_is_not_held_against_a_field_that_has_a_mistake(folder: Folder) -> None:
    """Only the rules that read it: others are checked all the same."""
    folder.edit("fields.toml", 'type = "number" # euro cents', 'type = "nummer"')
    folder.edit("offers/contextual.toml", 'device == "mobile"', "device == 1")
    assert [path for _, path, _ in folder.mistakes()] == ["field.cart_value.type", "offer.shop-by-phone.rule"]


@pytest.mark.parametrize("name", ["import", "today", "cart-value", "in"])
def test_a_field_has_a_name_that_rules_can_use(folder: Folder, name: str) -> None:
    """No word of the rule language, of Python's grammar, and no minus sign."""
    folder.edit("fields.toml", "[field.cart_value]", f"[field.{name}]")
    assert ("fields.toml", f"field.{name}") in [(file, path) for file, path, _ in folder.mistakes()]


def test_a_stage_serves_the_purpose_of_its_journey(folder: Folder) -> None:
    """Otherwise consent to one purpose would show what was kept for another."""
    folder.edit(STDC, 'purpose = "personalization"', 'purpose = "analytics"')
    assert ("fields.toml", "field.stage.purpose") in [(file, path) for file, path, _ in folder.mistakes()]


def test_a_personal_field_comes_from_touchpoints_that_are_kept(folder: Folder) -> None:
    """A count over what no purpose keeps would always be nothing."""
    folder.edit("purposes.toml", 'data = ["touchpoints", "decisions"]', 'data = ["decisions"]')
    told = [(file, path) for file, path, _ in folder.mistakes()]
    assert ("fields.toml", "field.lifetime_orders.purpose") in told
    assert (STDC, "purpose") in told


def test_what_a_persona_is_made_of_serves_one_purpose(folder: Folder) -> None:
    """Whoever allows the persona to be known allows all that it is made of (D3)."""
    folder.edit("purposes.toml", 'data = ["touchpoints"]', 'data = ["touchpoints", "decisions"]')
    folder.edit(
        "offers/see-think.toml",
        'purposes = ["personalization"]\nstages = ["think"]\nrule',
        'purposes = ["personalization", "analytics"]\nstages = ["think"]\nrule',
    )
    folder.edit(
        "fields.toml",
        'event = "view_product"\ncategory = "behaviour"\npurpose = "personalization"',
        'event = "view_product"\ncategory = "behaviour"\npurpose = "analytics"',
    )
    (told,) = folder.mistakes()
    assert told[:2] == ("personas.toml", "persona.researcher.rule")
    assert told[2].startswith(
        "column 1: reads product_views, which serves analytics, and personas serve personalization"
    )


def test_personas_come_with_a_field(folder: Folder) -> None:
    """Without one nobody would know which purpose being known as a persona serves; without personas it says nothing."""
    fields = (folder.path / "fields.toml").read_text()
    persona = fields[fields.index("[field.persona]") : fields.index("[field.lifetime_orders]")]
    weight = "[[offer.guide-headphones.weight]]\nwhen = 'persona == \"researcher\"'\nfactor = 2\n"
    folder.edit("offers/see-think.toml", weight, "")
    folder.remove("personas.toml")
    assert [(file, path) for file, path, _ in folder.mistakes()] == [("fields.toml", "field.persona.source")]
    folder.write("personas.toml", '[persona.one]\ntitle = { it = "Uno", en = "One" }\nrule = "cart_value > 1"\n')
    folder.edit("fields.toml", persona, "")
    assert [(file, path) for file, path, _ in folder.mistakes()] == [("personas.toml", "persona")]


def test_thompson_learns_from_who_agreed_to_it(folder: Folder) -> None:
    """A placement that learns needs the purpose for which learning is done."""
    for file in ("notices/shop/1.0.it.md", "notices/shop/1.0.en.md"):
        folder.edit(file, ', "model_training"', "")
    folder.edit("purposes.toml", "[purpose.model_training]", "[purpose.training]")
    folder.edit(
        "purposes.toml",
        'legal-basis = "consent"\ndata = ["decisions"]\nretention-days = 395',
        'legal-basis = "contract"\ndata = ["decisions"]\nretention-days = 395',
    )
    text = (folder.path / "purposes.toml").read_text()
    folder.write("purposes.toml", text[: text.index("valid-days", text.index("[purpose.training]"))])
    assert [(file, path) for file, path, _ in folder.mistakes()] == [
        ("placements.toml", "placement.newsletter_slot.ranking")
    ]


def test_content_is_in_the_first_language_of_the_site(folder: Folder) -> None:
    """Whoever has no preference must see something."""
    folder.edit("offers/fallbacks.toml", "[offer.welcome.content.it]", "[offer.welcome.content.fr]")
    assert [path for _, path, _ in folder.mistakes()] == ["offer.welcome.content.fr", "offer.welcome.content.it"]


def test_a_site_may_have_fewer_languages_than_the_texts(folder: Folder) -> None:
    """Who copies the example for one language need not empty every file of the other; a notice is another matter."""
    folder.edit("sites.toml", 'languages = ["it", "en"]', 'languages = ["it"]')
    assert [(file, path) for file, path, _ in folder.mistakes()] == [("notices/shop/1.0.en.md", "name")]
    folder.remove("notices/shop/1.0.en.md")
    assert folder.load().sites["shop"].languages == ("it",)


def test_what_is_refused_reads_as_lines(folder: Folder) -> None:
    """A log that holds the error holds every mistake: file, path, remedy."""
    folder.edit("controller.toml", "approvals = 1", "approvals = 3")
    with pytest.raises(BundleRefused, match=r"^controller\.toml: approvals: must be from 1 to 2$"):
        load(folder.path)
