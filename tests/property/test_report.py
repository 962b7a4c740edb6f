"""What may be told of groups, whatever they are: no figure and no difference of two is a group that is too small."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from service.journey.report.rules import Cell, divided, people_in, together

K = 10
STAGES = range(4)
PERSONAS = 3
numbers = st.one_of(st.integers(0, 3), st.integers(0, 40))
PARTS = range(2 * (PERSONAS + 1))
cells = st.fixed_dictionaries(dict.fromkeys(PARTS, numbers))
families = st.fixed_dictionaries(dict.fromkeys(STAGES, cells))
Family = dict[int, Cell]
QUESTIONS = list(product((False, True), (None, *range(1, PERSONAS + 1))))


def told(family: Family, *, channel: bool, persona: int | None) -> tuple[int | None, dict[int, int]]:
    """How many people a report tells of in all, and in each stage that it tells of."""
    everybody = together(family.values())
    divisions, _ = divided(everybody, PERSONAS, K, channel=channel, persona=persona)
    if not divisions.asked or divisions.few(everybody):
        return None, {}
    hidden = divisions.withheld(family)
    shown = {stage: people_in(cell, divisions.asked) for stage, cell in family.items() if stage not in hidden}
    return people_in(everybody, divisions.asked), shown


def few(number: int) -> bool:
    """Whether so many are some, and too few to be told of."""
    return 0 < number < K


@given(families)
def test_no_report_tells_of_few_nor_leaves_few(family: Family) -> None:
    """In every report no figure is small, and neither is what is left of the whole."""
    for channel, persona in QUESTIONS:
        whole, shown = told(family, channel=channel, persona=persona)
        assert not any(few(number) for number in shown.values())
        assert whole is None or not few(whole)
        assert whole is None or not few(whole - sum(shown.values()))


@given(families)
def test_two_reports_leave_few_neither(family: Family) -> None:
    """What a filtered report tells of, taken from what an unfiltered one does, leaves no small group of any stage."""
    for channel, persona in QUESTIONS[1:]:
        whole, shown = told(family, channel=channel, persona=persona)
        for wider in ((False, None), (channel, None), (False, persona)):
            other, beside = told(family, channel=wider[0], persona=wider[1])
            if whole is None or other is None:
                continue
            assert not few(other - whole)
            assert not any(few(beside[stage] - number) for stage, number in shown.items() if stage in beside)


@given(families)
def test_all_personas_together_leave_few_neither(family: Family) -> None:
    """The reports of all personas, taken from that of all people, leave no small group of any stage."""
    for channel in (False, True):
        _, beside = told(family, channel=channel, persona=None)
        each = [told(family, channel=channel, persona=persona)[1] for persona in range(1, PERSONAS + 1)]
        for stage, number in beside.items():
            assert not few(number - sum(shown.get(stage, 0) for shown in each))


@given(families)
def test_a_finer_question_tells_of_no_further_stage(family: Family) -> None:
    """What is withheld of all people is withheld of every part of them."""
    for channel, persona in QUESTIONS:
        hidden_of_all = told(family, channel=False, persona=None)[1].keys()
        _, shown = told(family, channel=channel, persona=persona)
        assert shown.keys() <= hidden_of_all


@given(families, st.integers(0, 3))
def test_large_groups_are_told_of(family: Family, stage: int) -> None:
    """Nothing is withheld where every group of every division is large enough."""
    large = {name: {part: number + K for part, number in cell.items()} for name, cell in family.items()}
    for channel, persona in QUESTIONS:
        assert stage in told(large, channel=channel, persona=persona)[1]
