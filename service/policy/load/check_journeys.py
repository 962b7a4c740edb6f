"""What must hold for journeys: one is the default, what they name exists, and each friction says what it is."""

from collections.abc import Iterable

from service.policy.load.collect import default_journey
from service.policy.load.forms import DropOffForm, Forms, FrictionForm, JourneyFile
from service.policy.load.mistakes import WHOLE, Mistakes, hint

_NEEDS = {
    "loop": ("events", "times", "within-hours"),
    "pause": ("stage", "hours"),
    "error": ("events",),
}
_OF_FRICTION = ("events", "times", "within-hours", "stage", "hours")


def events_of(journey: JourneyFile) -> Iterable[str]:
    """Every event that a journey speaks of."""
    yield from (rule.event for rule in journey.touchpoint)
    yield from journey.ends
    yield from (event for friction in journey.friction for event in friction.events)


def check(forms: Forms, mistakes: Mistakes) -> None:
    """Note what is wrong with journeys."""
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
        _check_conversions(file, journey, mistakes)
        for place, friction in enumerate(journey.friction):
            _check_friction(file, f"friction[{place}]", friction, journey, mistakes)
        _check_repeated(file, journey, mistakes)
        if drop_off := journey.drop_off:
            _check_drop_off(file, drop_off, journey, mistakes)
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
        _check_stage(file, f"{path}.stage", rule.stage, journey, mistakes)
        if (rule.event, rule.channel) in seen:
            mistakes.add(file, path, "there is a rule for this event on this channel already; keep one")
        seen.add((rule.event, rule.channel))


def _check_conversions(file: str, journey: JourneyFile, mistakes: Mistakes) -> None:
    if mistakes.touched(file, "touchpoint"):
        return
    events = {rule.event for rule in journey.touchpoint}
    for place, event in enumerate(journey.conversions):
        if event not in events:
            message = f"this journey has no touchpoint of this event; {hint(event, events)}"
            mistakes.add(file, f"conversions[{place}]", message)
    for place, event in enumerate(journey.ends):
        if event in events:
            message = "this event is evidence for a stage, so it cannot end the relationship; keep one of the two"
            mistakes.add(file, f"ends[{place}]", message)


def _check_friction(file: str, path: str, form: FrictionForm, journey: JourneyFile, mistakes: Mistakes) -> None:
    if mistakes.spoiled(file, f"{path}.kind"):
        return
    needs = ", ".join(_NEEDS[form.kind])
    for key in _OF_FRICTION:
        given = getattr(form, key.replace("-", "_")) not in (None, ())
        if key in _NEEDS[form.kind] and not given:
            mistakes.add(file, f"{path}.{key}", f"is missing; friction of this kind needs {needs}")
        elif given and key not in _NEEDS[form.kind]:
            mistakes.add(file, f"{path}.{key}", f"friction of this kind has only {needs}; leave it out")
    if form.stage is not None:
        _check_stage(file, f"{path}.stage", form.stage, journey, mistakes)


def _check_repeated(file: str, journey: JourneyFile, mistakes: Mistakes) -> None:
    seen: set[str] = set()
    for place, friction in enumerate(journey.friction):
        if friction.id in seen:
            mistakes.add(file, f"friction[{place}].id", "is there twice; rename one of them")
        seen.add(friction.id)


def _check_drop_off(file: str, form: DropOffForm, journey: JourneyFile, mistakes: Mistakes) -> None:
    if not form.stages:
        mistakes.add(file, "drop-off.stages", "is empty; name the stages in which silence is a loss")
    for place, stage in enumerate(form.stages):
        _check_stage(file, f"drop-off.stages[{place}]", stage, journey, mistakes)


def _check_stage(file: str, path: str, stage: str, journey: JourneyFile, mistakes: Mistakes) -> None:
    if stage not in journey.stage and not mistakes.spoiled(file, "stage"):
        mistakes.add(file, path, f"this journey has no such stage; {hint(stage, journey.stage)}")
