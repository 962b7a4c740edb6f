"""What must hold for placements and offers: what is read is covered by purposes, what is shown is complete."""

import re
from collections.abc import Collection, Iterable, Mapping

from service.policy.expression import Rule, RuleRefused, TypeName, compile_rule
from service.policy.load.check_fields import FIELDS, values_of
from service.policy.load.forms import FieldForm, Forms, OfferForm, PlacementForm
from service.policy.load.mistakes import Mistakes, key_path

_WORD_OR_TEXT = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\w+""")
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


def derived(reads: Iterable[str], stages: Collection[str], fields: Mapping[str, FieldForm]) -> dict[str, str]:
    """The purposes that an offer needs, each with a field that needs it: those its rule reads, and the stage."""
    staged = [name for name, field in fields.items() if field.source == "stage"] if stages else []
    return {purpose: name for name in (*staged, *reads) if (purpose := fields[name].purpose) is not None}


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
        if form.personalised_price and DISCLOSURE not in words:
            message = "is missing; say that the price was set for this person (Dir. 2011/83 Art. 6(1)(ea))"
            mistakes.add(file, f"{path}.content.{language}.{DISCLOSURE}", message)
        for key in keys - words.keys():
            message = "is missing; another language of this offer has it"
            mistakes.add(file, key_path(f"{path}.content.{language}", key), message)
        if not words:
            mistakes.add(file, key_path(f"{path}.content", language), "is empty; write what is shown")


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
    if not mistakes.touched(file, f"{path}.purposes"):
        _refuse_uncovered(file, path, form, fields, mistakes)
    return rule


def _compiled(file: str, path: str, form: OfferForm, forms: Forms, mistakes: Mistakes) -> Rule | None:
    if form.rule is None or mistakes.spoiled(file, path):
        return None
    fields = forms.fields.field
    types: dict[str, TypeName] = {name: field.type for name, field in fields.items()}
    try:
        return compile_rule(form.rule, types, values_of(forms))
    except RuleRefused as refused:
        unsure = any(mistakes.touched(FIELDS, key_path("field", name)) for name in _named(form.rule, fields))
        if not unsure:
            mistakes.add(file, path, f"column {refused.column}: {refused.message}")
        return None


def _refuse_uncovered(
    file: str, path: str, form: OfferForm, fields: Mapping[str, FieldForm], mistakes: Mistakes
) -> None:
    """Rule D3, also for a rule that has other mistakes: whoever mends those learns of this one at once."""
    sure = {n: f for n, f in fields.items() if not mistakes.spoiled(FIELDS, f"{key_path('field', n)}.purpose")}
    named = _named(form.rule or "", sure)
    for purpose, field in derived(named, form.stages, sure).items():
        if purpose in form.purposes:
            continue
        message = f"reads {field}, which serves {purpose}; add {purpose} to the offer's purposes, or do not read it"
        if field in named:
            mistakes.add_further(file, f"{path}.rule", f"column {named[field]}: {message}")
        else:
            mistakes.add_further(file, f"{path}.stages", message)


def _named(source: str, fields: Collection[str]) -> dict[str, int]:
    """The fields that a rule names, each with its first column; what stands in quotes names nothing."""
    found = [name for name in _WORD_OR_TEXT.finditer(source) if name[0] in fields]
    return {name[0]: name.start() + 1 for name in reversed(found)}
