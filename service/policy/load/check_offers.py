"""What must hold for placements and offers: what is read is covered by purposes, what is shown is complete."""

from collections.abc import Collection, Iterable, Mapping

from service.policy.expression import Rule
from service.policy.load.check_fields import FIELDS
from service.policy.load.check_rules import compiled, named
from service.policy.load.forms import FieldForm, Forms, OfferForm, PlacementForm
from service.policy.load.mistakes import Mistakes, key_path

DISCLOSURE = "disclosure"
"""The key of an offer's content that says a price was set for this person (Dir. 2011/83 Art. 6(1)(ea))."""
MODEL_TRAINING = "model_training"
"""The purpose without which nothing is learnt from anybody."""

Read = tuple[Rule | None, tuple[Rule | None, ...]]
"""The compiled rule of an offer and those of its weights; None where there is none or it cannot be used."""


def check(forms: Forms, mistakes: Mistakes) -> tuple[Mapping[str, Rule], Mapping[str, tuple[Rule | None, ...]]]:
    """Note what is wrong with placements and offers; returns the compiled rules and those of weights, by offer."""
    for placement, form in forms.placements.placement.items():
        _check_placement(placement, form, forms, mistakes)
        _check_ranking(placement, form, forms, mistakes)
    rules: dict[str, Rule] = {}
    weights: dict[str, tuple[Rule | None, ...]] = {}
    seen: dict[str, str] = {}
    for file, offers in forms.offers.items():
        for offer, form in offers.offer.items():
            if seen.setdefault(offer, file) != file:
                mistakes.add(file, key_path("offer", offer), f"is in {seen[offer]} too; rename one of them")
            _check_content(file, offer, form, forms, mistakes)
            _check_service(file, offer, form, forms, mistakes)
            rule, weights[offer] = _check_reading(file, offer, form, forms, mistakes)
            if rule:
                rules[offer] = rule
    return rules, weights


def derived(reads: Iterable[str], stages: Collection[str], fields: Mapping[str, FieldForm]) -> dict[str, str]:
    """The purposes that an offer needs, each with a field that needs it: those its rule reads, and the stage."""
    staged = [name for name, field in fields.items() if field.source == "stage"] if stages else []
    return {purpose: name for name in (*staged, *reads) if (purpose := fields[name].purpose) is not None}


def _check_placement(placement: str, form: PlacementForm, forms: Forms, mistakes: Mistakes) -> None:
    path = f"{key_path('placement', placement)}.fallback"
    offer = next((file.offer[form.fallback] for file in forms.offers.values() if form.fallback in file.offer), None)
    if offer is None:
        return
    if offer.purposes or offer.stages or offer.rule is not None or offer.calendar is not None:
        message = (
            "a fallback is shown to anyone at any time, so its offer has no purposes, stages, rule or calendar;"
            " name another offer"
        )
        mistakes.add("placements.toml", path, message)
    elif placement not in offer.placements:
        mistakes.add("placements.toml", path, "this offer is not for this placement; add it to the offer's placements")


def _check_ranking(placement: str, form: PlacementForm, forms: Forms, mistakes: Mistakes) -> None:
    path, file = key_path("placement", placement), "placements.toml"
    if mistakes.spoiled(file, f"{path}.ranking"):
        return
    if form.ranking != "thompson":
        if form.floor is not None:
            mistakes.add(file, f"{path}.floor", "only thompson has a floor; leave it out")
        return
    if MODEL_TRAINING not in forms.purposes.purpose and not mistakes.spoiled("purposes.toml", "purpose"):
        message = (
            f"thompson learns, and only for the purpose {MODEL_TRAINING}, which purposes.toml does not have; add it"
        )
        mistakes.add(file, f"{path}.ranking", message)
    every = [
        name
        for offers in forms.offers.values()
        for name, offer in offers.offer.items()
        if placement in offer.placements
    ]
    drawn = len([name for name in every if name != form.fallback])
    if form.floor is not None and form.floor * drawn > 1:
        mistakes.add(
            file, f"{path}.floor", f"is too high for {drawn} offers; they share 1, so make it at most {1 / drawn:.3g}"
        )


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


def _check_service(file: str, offer: str, form: OfferForm, forms: Forms, mistakes: Mistakes) -> None:
    """A service message is exempt from what protects people from too much, so it is none that needs their consent."""
    for place, name in enumerate(form.purposes):
        purpose = forms.purposes.purpose.get(name)
        if form.service and purpose and (purpose.legal_basis == "consent" or purpose.direct_marketing):
            message = "a service message serves no purpose that people may refuse; leave it out, or leave out service"
            mistakes.add(file, f"{key_path('offer', offer)}.purposes[{place}]", message)


def _check_reading(file: str, offer: str, form: OfferForm, forms: Forms, mistakes: Mistakes) -> Read:
    """The compiled rules of an offer; notes a rule that cannot be used, and what is read without a purpose (D3)."""
    path = key_path("offer", offer)
    fields = forms.fields.field
    for place, purpose in enumerate(form.purposes):
        declared = forms.purposes.purpose.get(purpose)
        if declared and "decisions" not in declared.data:
            message = 'decisions for this purpose are stored, but it does not keep them; add "decisions" to its data'
            mistakes.add(file, f"{path}.purposes[{place}]", message)
    if mistakes.spoiled(FIELDS, "field"):
        return None, (None,) * len(form.weight)
    if form.stages and not any(declared.source == "stage" for declared in fields.values()):
        mistakes.add(file, f"{path}.stages", "no field in fields.toml is the stage; add one, with its purpose")
    rules = {place: compiled(file, place, source, forms, mistakes) for place, source in _sources(path, form).items()}
    if not mistakes.touched(file, f"{path}.purposes"):
        _refuse_uncovered(file, path, form, fields, mistakes)
    rule = rules.pop(f"{path}.rule", None)
    return rule, tuple(rules.values())


def _sources(path: str, form: OfferForm) -> dict[str, str]:
    """What an offer's rules say, by place: its own first, then those of its weights."""
    own = {} if form.rule is None else {f"{path}.rule": form.rule}
    return own | {f"{path}.weight[{place}].when": weight.when for place, weight in enumerate(form.weight)}


def _refuse_uncovered(
    file: str, path: str, form: OfferForm, fields: Mapping[str, FieldForm], mistakes: Mistakes
) -> None:
    """Rule D3, also for a rule that has other mistakes: whoever mends those learns of this one at once."""
    sure = {n: f for n, f in fields.items() if not mistakes.spoiled(FIELDS, f"{key_path('field', n)}.purpose")}
    covered = set(form.purposes)
    for place, source in {f"{path}.rule": "", f"{path}.stages": "", **_sources(path, form)}.items():
        names = named(source, sure)
        stages = form.stages if place == f"{path}.stages" else ()
        for purpose, field in derived(names, stages, sure).items():
            if purpose not in covered:
                covered.add(purpose)
                column = f"column {names[field]}: " if field in names else ""
                message = (
                    f"reads {field}, which serves {purpose}; add {purpose} to the offer's purposes, or do not read it"
                )
                mistakes.add_further(file, place, column + message)
