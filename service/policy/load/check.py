"""What must hold between the forms of a bundle. Each check notes its own mistakes and returns."""

from service.policy.load import check_contact, check_fields, check_journeys, check_offers, check_personas, notices
from service.policy.load.check_rules import Rules
from service.policy.load.forms import Forms, PurposeForm
from service.policy.load.mistakes import Mistakes, key_path

EEA = frozenset(
    {"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE"}
    | {"IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"}
)
"""The countries in which the GDPR holds: elsewhere a transfer needs a basis (Art. 44)."""
COOKIE = "cookie"


def check(forms: Forms, mistakes: Mistakes) -> Rules:
    """Note every mistake between forms; returns those rules that are good, compiled."""
    _check_identity(forms, mistakes)
    _check_purposes(forms, mistakes)
    _check_sites(forms, mistakes)
    _check_recipients(forms, mistakes)
    check_journeys.check(forms, mistakes)
    notices.check(forms, mistakes)
    check_fields.check(forms, mistakes)
    check_contact.check(forms, mistakes)
    offers, weights = check_offers.check(forms, mistakes)
    return Rules(offers=offers, weights=weights, personas=check_personas.check(forms, mistakes))


def _check_identity(forms: Forms, mistakes: Mistakes) -> None:
    file = "identity.toml"
    kinds = forms.identity.identifier
    cookie = kinds.get(COOKIE)
    if cookie is None or cookie.normaliser != COOKIE:
        path = "identifier.cookie" if cookie is None else "identifier.cookie.normaliser"
        mistakes.add(file, path, 'browsers are known by their cookie; add it with normaliser = "cookie"')
    for kind, form in kinds.items():
        path = f"{key_path('identifier', kind)}.region"
        if mistakes.spoiled(file, f"{key_path('identifier', kind)}.normaliser"):
            continue
        if form.normaliser == "phone" and form.region is None:
            mistakes.add(file, path, "a phone needs the region whose numbers come without a prefix, such as IT")
        elif form.normaliser != "phone" and form.region is not None:
            mistakes.add(file, path, "only a phone has a region; leave it out")


def _check_purposes(forms: Forms, mistakes: Mistakes) -> None:
    file = "purposes.toml"
    asked = {purpose for notice in forms.notices.values() for purpose in notice.purposes}
    unsure = mistakes.unusable_in("notices/") or any(mistakes.touched(file, "purposes") for file in forms.notices)
    if not forms.purposes.purpose:
        mistakes.add(file, "purpose", "there is none; without a purpose nothing may be processed")
    for purpose, form in forms.purposes.purpose.items():
        path = key_path("purpose", purpose)
        if mistakes.spoiled(file, f"{path}.legal-basis"):
            continue
        _check_basis(path, form, mistakes)
        if form.legal_basis == "consent" and purpose not in asked and not unsure:
            mistakes.add(file, path, "rests on consent, but no notice names it, so nobody could give it; add it to one")


def _check_basis(path: str, form: PurposeForm, mistakes: Mistakes) -> None:
    file = "purposes.toml"
    if form.legal_basis == "consent":
        if form.required:
            message = "consent that is required is not freely given (Art. 7(4)); leave it out or name another basis"
            mistakes.add(file, f"{path}.required", message)
        return
    for key, given in (("valid-days", form.valid_days is not None), ("honours-gpc", form.honours_gpc)):
        if given:
            mistakes.add(file, f"{path}.{key}", "only consent has this, and the basis is another; leave it out")


def _check_sites(forms: Forms, mistakes: Mistakes) -> None:
    if not forms.sites.site:
        mistakes.add("sites.toml", "site", "there is none; add the site that asks for consent")
    for site, form in forms.sites.site.items():
        path = key_path("site", site)
        if not form.origins:
            mistakes.add("sites.toml", f"{path}.origins", "is empty; name where the site runs, as https://shop.example")
        if not form.languages:
            mistakes.add("sites.toml", f"{path}.languages", "is empty; name at least one, the first is the default")


def _check_recipients(forms: Forms, mistakes: Mistakes) -> None:
    file = "recipients.toml"
    for recipient, form in forms.recipients.recipient.items():
        path = key_path("recipient", recipient)
        if form.endpoint and form.endpoint.startswith("http:") and not form.private:
            message = "must begin with https://; http works in development only, for a recipient with private = true"
            mistakes.add(file, f"{path}.endpoint", message)
        if mistakes.spoiled(file, f"{path}.country"):
            continue
        if form.country not in EEA and form.transfer_basis is None:
            message = "is missing; the country is outside the EEA, so say what allows the transfer (Art. 44)"
            mistakes.add(file, f"{path}.transfer-basis", message)
