"""What a question about decisions may say: the site's placements, and a context of declared fields."""

from service.decisioning.model import DecisionRefused, Situation
from service.kernel.problem import Fault
from service.policy.expression import Value
from service.policy.model import Bundle, Placement


def placements(bundle: Bundle, situation: Situation) -> list[Placement]:
    """The placements that were asked for, in that order; raises `DecisionRefused`."""
    if situation.site not in bundle.sites:
        known = ", ".join(sorted(bundle.sites))
        raise DecisionRefused("Nothing was decided.", faults=[Fault("$.site", f"unknown; sites.toml has: {known}")])
    of_site = {p.id: p for p in bundle.placements.values() if p.site == situation.site}
    faults = [
        Fault(f"$.placements[{place}]", f"unknown on this site; placements.toml has: {', '.join(sorted(of_site))}")
        for place, placement in enumerate(situation.placements)
        if placement not in of_site
    ]
    if len(set(situation.placements)) != len(situation.placements):
        faults.append(Fault("$.placements", "a placement is named twice"))
    if faults:
        raise DecisionRefused("Nothing was decided.", faults=faults)
    return [of_site[placement] for placement in situation.placements]


def context(bundle: Bundle, situation: Situation) -> dict[str, Value]:
    """The context of a request, each value of the type that its field declares; raises `DecisionRefused`."""
    declared = {field.id: field for field in bundle.fields.values() if field.source == "context"}
    known: dict[str, Value] = {}
    faults: list[Fault] = []
    for name, raw in situation.context.items():
        field = declared.get(name)
        value = field.value_of(raw) if field else None
        if value is not None:
            known[name] = value
        elif field:
            faults.append(Fault(f"$.context.{field.id}", f"must be {' | '.join(field.values) or field.type}"))
        else:
            faults.append(Fault("$.context", f"unknown field; fields.toml has: {', '.join(sorted(declared))}"))
    if faults:
        raise DecisionRefused("Nothing was decided.", faults=faults)
    return known
