"""What must hold between the forms of a bundle. Each check notes its own mistakes and returns."""

from collections.abc import Mapping

from service.policy.expression import Rule
from service.policy.load import check_fields, check_offers, notices
from service.policy.load.collect import default_journey
from service.policy.load.forms import Forms, JourneyFile, PurposeForm
from service.policy.load.mistakes import WHOLE, Mistakes, hint, key_path

EEA = frozenset(
    {"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE"}
    | {"IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"}
)
"""The countries in which the GDPR holds: elsewhere a transfer needs a basis (Art. 44)."""
COOKIE = "cookie"


def check(forms: Forms, mistakes: Mistakes) -> Mapping[str, Rule]:
    """Note every mistake between forms; returns the compiled rule of each offer that has a good one."""
    _check_identity(forms, mistakes)
    _check_purposes(forms, mistakes)
    _check_sites(forms, mistakes)
    _check_recipients(forms, mistakes)
    _check_journeys(forms, mistakes)
    notices.check(forms, mistakes)
    check_fields.check(forms, mistakes)
    return check_offers.check(forms, mistakes)


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
        if mistakes.spoiled(file, f"{path}.country"):
            continue
        if form.country not in EEA and form.transfer_basis is None:
            message = "is missing; the country is outside the EEA, so say what allows the transfer (Art. 44)"
            mistakes.add(file, f"{path}.transfer-basis", message)


def _check_journeys(forms: Forms, mistakes: Mistakes) -> None:
    if forms.journeys and default_journey(forms) is None:
        defaults = [file for file, journey in forms.journeys.items() if journey.default]
        unsure = mistakes.unusable_in("journeys/") or any(mistakes.spoiled(file, "default") for file in forms.journeys)
        if len(defaults) > 1:
            mistakes.add(defaults[-1], "default", f"{defaults[0]} is the default journey already; keep one")
        elif not unsure:
            mistakes.add("journeys/", WHOLE, "no journey says default = true; one of them must")
    for file, journey in forms.journeys.items():
        if not journey.stage:
            mistakes.add(file, "stage", "there is none; a journey has stages")
        _check_touchpoints(file, journey, mistakes)
        purpose = forms.purposes.purpose.get(journey.purpose)
        if purpose and "touchpoints" not in purpose.data:
            message = (
                'this purpose keeps no touchpoints, so the journey would stay empty; add "touchpoints" to its data'
            )
            mistakes.add(file, "purpose", message)


def _check_touchpoints(file: str, journey: JourneyFile, mistakes: Mistakes) -> None:
    seen: set[tuple[str, str | None]] = set()
    for place, rule in enumerate(journey.touchpoint):
        path = f"touchpoint[{place}]"
        if rule.stage not in journey.stage and not mistakes.spoiled(file, "stage"):
            mistakes.add(file, f"{path}.stage", f"this journey has no such stage; {hint(rule.stage, journey.stage)}")
        if (rule.event, rule.channel) in seen:
            mistakes.add(file, path, "there is a rule for this event on this channel already; keep one")
        seen.add((rule.event, rule.channel))
