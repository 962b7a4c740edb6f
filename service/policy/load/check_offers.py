"""What must hold for placements and offers: what is read is covered by purposes, what is shown is complete."""

import re
from collections.abc import Mapping

from service.policy.expression import Rule, RuleRefused, compile_rule
from service.policy.load.check_fields import FIELDS, values_of
from service.policy.load.forms import FieldForm, Forms, OfferForm, PlacementForm
from service.policy.load.mistakes import Mistakes, key_path

DISCLOSURE = "disclosure"
"""The key of an offer's content that says a price was set for this person (Dir. 2011/83 Art. 6(1)(ea))."""


def check(forms: Forms, mistakes: Mistakes) -> Mapping[str, Rule]:
    """Note what is wrong with placements and offers; returns the compiled rules by offer."""
    for placement, form in forms.placements.placement.items():
        _check_placement(placement, form, forms, mistakes)
    rules: dict[str, Rule] = {}
    seen: dict[str, str] = {}
    for file, offers in forms.offers.items():
        for offer, form in offers.offer.items():
            if seen.setdefault(offer, file) != file:
                mistakes.add(file, key_path("offer", offer), f"is in {seen[offer]} too; rename one of them")
            _check_content(file, offer, form, forms, mistakes)
            if rule := _check_reading(file, offer, form, forms, mistakes):
                rules[offer] = rule
    return rules


def derived(form: OfferForm, rule: Rule | None, fields: Mapping[str, FieldForm]) -> dict[str, str]:
    """The purposes that an offer needs, each with the field that needs it: those its rule reads, and the stage."""
    reads = sorted(rule.reads) if rule else []
    if form.stages:
        reads += [field for field, declared in fields.items() if declared.source == "stage"]
    return {purpose: field for field in reads if (purpose := fields[field].purpose) is not None}


def _check_placement(placement: str, form: PlacementForm, forms: Forms, mistakes: Mistakes) -> None:
    path = f"{key_path('placement', placement)}.fallback"
    offer = next((file.offer[form.fallback] for file in forms.offers.values() if form.fallback in file.offer), None)
    if offer is None:
        return
    if offer.purposes or offer.stages or offer.rule is not None:
        message = "a fallback is shown to anyone, so its offer has no purposes, stages or rule; name another offer"
        mistakes.add("placements.toml", path, message)
    elif placement not in offer.placements:
        mistakes.add("placements.toml", path, "this offer is not for this placement; add it to the offer's placements")


def _check_content(file: str, offer: str, form: OfferForm, forms: Forms, mistakes: Mistakes) -> None:
    path = key_path("offer", offer)
    if not form.placements:
        mistakes.add(file, f"{path}.placements", "is empty; name where the offer may be shown")
    shown_on = [p for name in form.placements if (p := forms.placements.placement.get(name))]
    sites = [site for placement in shown_on if (site := forms.sites.site.get(placement.site))]
    for language in {site.languages[0] for site in sites if site.languages} - form.content.keys():
        message = "is missing; it is the first language of a site that shows the offer"
        mistakes.add(file, key_path(f"{path}.content", language), message)
    keys = {key for words in form.content.values() for key in words}
    for language, words in form.content.items():
        for key in keys - words.keys():
            message = "is missing; another language of this offer has it"
            mistakes.add(file, key_path(f"{path}.content.{language}", key), message)
        if not words:
            mistakes.add(file, key_path(f"{path}.content", language), "is empty; write what is shown")
        if form.personalised_price and DISCLOSURE not in words:
            message = "is missing; say that the price was set for this person (Dir. 2011/83 Art. 6(1)(ea))"
            mistakes.add(file, f"{path}.content.{language}.{DISCLOSURE}", message)


def _check_reading(file: str, offer: str, form: OfferForm, forms: Forms, mistakes: Mistakes) -> Rule | None:
    """The compiled rule of an offer; notes a rule that cannot be used, and what is read without a purpose (D3)."""
    path = key_path("offer", offer)
    fields = forms.fields.field
    for place, purpose in enumerate(form.purposes):
        declared = forms.purposes.purpose.get(purpose)
        if declared and "decisions" not in declared.data:
            message = 'decisions for this purpose are stored, but it does not keep them; add "decisions" to its data'
            mistakes.add(file, f"{path}.purposes[{place}]", message)
    if mistakes.spoiled(FIELDS, "field"):
        return None
    if form.stages and not any(declared.source == "stage" for declared in fields.values()):
        mistakes.add(file, f"{path}.stages", "no field in fields.toml is the stage; add one, with its purpose")
    rule = _compiled(file, f"{path}.rule", form, forms, mistakes)
    for purpose, field in derived(form, rule, fields).items():
        if purpose in form.purposes or mistakes.spoiled(file, f"{path}.purposes"):
            continue
        message = f"reads {field}, which serves {purpose}; add {purpose} to the offer's purposes, or do not read it"
        if rule and field in rule.reads:
            mistakes.add(file, f"{path}.rule", f"column {_column(rule.source, field)}: {message}")
        else:
            mistakes.add(file, f"{path}.stages", message)
    return rule


def _column(source: str, field: str) -> int:
    found = re.search(rf"\b{field}\b", source)
    return found.start() + 1 if found else 1


def _compiled(file: str, path: str, form: OfferForm, forms: Forms, mistakes: Mistakes) -> Rule | None:
    if form.rule is None or mistakes.spoiled(file, path):
        return None
    try:
        return compile_rule(
            form.rule, {name: field.type for name, field in forms.fields.field.items()}, values_of(forms)
        )
    except RuleRefused as refused:
        if not any(mistakes.spoiled(FIELDS, key_path("field", field)) for field in forms.fields.field):
            mistakes.add(file, path, f"column {refused.column}: {refused.message}")
        return None
