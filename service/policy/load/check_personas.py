"""What must hold for personas: each has a rule over what serves one purpose, and a field tells who is which."""

from collections.abc import Mapping

from service.policy.expression import Rule
from service.policy.load.check_fields import FIELDS
from service.policy.load.check_rules import compiled, named
from service.policy.load.forms import FieldForm, Forms
from service.policy.load.mistakes import Mistakes, key_path

PERSONAS = "personas.toml"


def check(forms: Forms, mistakes: Mistakes) -> Mapping[str, Rule]:
    """Note what is wrong with personas; returns the compiled rules."""
    personas = forms.personas.persona
    if not personas or mistakes.spoiled(FIELDS, "field"):
        return {}
    telling = next(((n, f) for n, f in forms.fields.field.items() if f.source == "persona"), None)
    if telling is None:
        if not any(mistakes.touched(FIELDS, key_path("field", name)) for name in forms.fields.field):
            message = 'no field in fields.toml has source = "persona"; add one, with its purpose, or leave personas out'
            mistakes.add(PERSONAS, "persona", message)
        return {}
    rules: dict[str, Rule] = {}
    for persona, form in personas.items():
        path = f"{key_path('persona', persona)}.rule"
        _refuse_foreign(path, form.rule, *telling, forms, mistakes)
        if rule := compiled(PERSONAS, path, form.rule, forms, mistakes):
            rules[persona] = rule
    return rules


def _refuse_foreign(path: str, source: str, own: str, field: FieldForm, forms: Forms, mistakes: Mistakes) -> None:
    """Rule D3: whoever may learn the persona may learn all that it is made of, and it is not made of itself."""

    def unsure(field_id: str) -> bool:
        return mistakes.spoiled(FIELDS, f"{key_path('field', field_id)}.purpose")

    for name, column in named(source, forms.fields.field).items():
        read = forms.fields.field[name]
        if read.source == "persona":
            message = f"column {column}: {name} is what the personas decide, so none of them can read it; leave it out"
            mistakes.add_further(PERSONAS, path, message)
        elif read.purpose not in (None, field.purpose) and not unsure(own) and not unsure(name):
            message = f"reads {name}, which serves {read.purpose}, and personas serve {field.purpose}; do not read it"
            mistakes.add_further(PERSONAS, path, f"column {column}: {message}")
