"""What must hold for fields: a name that rules can use, no special category, and a purpose for whatever is personal."""

import keyword
from collections.abc import Mapping

from service.policy.expression import RESERVED
from service.policy.load.check_journeys import events_of
from service.policy.load.collect import default_journey
from service.policy.load.forms import FieldForm, Forms
from service.policy.load.mistakes import Mistakes, hint, key_path
from service.policy.load.special import CATEGORIES, special

FIELDS = "fields.toml"
_TYPES = {"stage": "text", "persona": "text", "count": "number", "days_since": "number"}
_OF_EVENTS = ("count", "days_since")


def check(forms: Forms, mistakes: Mistakes) -> None:
    """Note what is wrong with fields."""
    for field, form in forms.fields.field.items():
        _check_field(field, form, forms, mistakes)
    for source in ("stage", "persona"):
        of_source = [field for field, form in forms.fields.field.items() if form.source == source]
        for field in of_source[1:]:
            message = f"{of_source[0]} is the {source} already; keep one"
            mistakes.add(FIELDS, f"{key_path('field', field)}.source", message)


def values_of(forms: Forms) -> Mapping[str, tuple[str, ...]]:
    """The only values that fields can have, where these are declared; a stage is one of the default journey.

    A persona is one of those that there are.
    """
    journey = default_journey(forms)
    derived = {
        "stage": tuple(forms.journeys[journey].stage) if journey else (),
        "persona": tuple(forms.personas.persona),
    }
    return {name: derived.get(form.source, form.values) for name, form in forms.fields.field.items()}


def _check_field(field: str, form: FieldForm, forms: Forms, mistakes: Mistakes) -> None:
    path = key_path("field", field)
    if "-" in field or keyword.iskeyword(field) or field in RESERVED:
        mistakes.add(FIELDS, path, "a rule cannot use this name; use small letters, digits and _, and no word of rules")
    if fault := special(field, form.category):
        mistakes.add(FIELDS, path, fault)
    elif form.category not in CATEGORIES:
        mistakes.add(FIELDS, f"{path}.category", f"there is no such category; {hint(form.category, CATEGORIES)}")
    if form.values and form.type != "text":
        mistakes.add(FIELDS, f"{path}.values", "only a text has a list of values; leave it out")
    if mistakes.spoiled(FIELDS, f"{path}.source"):
        return
    if form.source == "context":
        if form.purpose is not None:
            message = "a context field comes with the request and tells nothing about the person; leave it out"
            mistakes.add(FIELDS, f"{path}.purpose", message)
    else:
        _check_personal(path, form, forms, mistakes)
    _check_event(path, form, forms, mistakes)


def _check_personal(path: str, form: FieldForm, forms: Forms, mistakes: Mistakes) -> None:
    wanted = _TYPES[form.source]
    if form.type != wanted:
        mistakes.add(FIELDS, f"{path}.type", f"is {wanted} with this source; write that")
    if form.source == "stage" and form.values:
        mistakes.add(FIELDS, f"{path}.values", "the values are the stages of the default journey; leave it out")
    if form.source == "persona":
        _check_persona(path, form, forms, mistakes)
    if form.purpose is None:
        mistakes.add(FIELDS, f"{path}.purpose", "is missing; a field about the person serves a purpose (Art. 5(1)(b))")
        return
    purpose = forms.purposes.purpose.get(form.purpose)
    if purpose and "touchpoints" not in purpose.data:
        message = 'this purpose keeps no touchpoints, from which the field comes; add "touchpoints" to its data'
        mistakes.add(FIELDS, f"{path}.purpose", message)
    journey = default_journey(forms)
    if form.source == "stage" and journey and forms.journeys[journey].purpose not in (form.purpose, ""):
        mistakes.add(FIELDS, f"{path}.purpose", f"is not that of the journey in {journey}; a stage serves the same one")


def _check_persona(path: str, form: FieldForm, forms: Forms, mistakes: Mistakes) -> None:
    if form.values:
        mistakes.add(FIELDS, f"{path}.values", "the values are the personas of personas.toml; leave it out")
    if not forms.personas.persona and not mistakes.spoiled("personas.toml", "persona"):
        mistakes.add(FIELDS, f"{path}.source", "there are no personas; write them in personas.toml")


def _check_event(path: str, form: FieldForm, forms: Forms, mistakes: Mistakes) -> None:
    if form.source not in _OF_EVENTS:
        if form.event is not None:
            mistakes.add(FIELDS, f"{path}.event", "only count and days_since look at an event; leave it out")
    elif form.event is None:
        mistakes.add(FIELDS, f"{path}.event", "is missing; name the event that is looked at")
    elif not mistakes.unusable_in("journeys/") and not any(mistakes.touched(f, "touchpoint") for f in forms.journeys):
        events = {event for journey in forms.journeys.values() for event in events_of(journey)}
        if form.event not in events:
            mistakes.add(FIELDS, f"{path}.event", f"no journey speaks of this event; {hint(form.event, events)}")
