"""How it felt, touchpoint by touchpoint, and how it should have: the gap between both is what to mend."""

from msgspec import Struct

from service.journey.map.page import FEELINGS, GUTTER, LEFT, LEGEND, RIGHT, Page, readable
from service.journey.map.svg import CLAY, INK, LINE, PAPER, SAND, SOFT, TEAL, fitted, shape, text, triangle

MOST_EACH = 4
TOP, BOTTOM = FEELINGS + 12, LEGEND - 46
MIDDLE = (TOP + BOTTOM) / 2
UNIT = (BOTTOM - TOP) / 4


class Feeling(Struct, frozen=True):
    """How an event felt to how many, over all channels of which that is told, and how it should feel."""

    event: str
    people: int
    mean: float
    feels: int | None


def of_stage(page: Page, stage: str) -> list[Feeling]:
    """The events of a stage that most people touched, in the order of the journey."""
    found: list[Feeling] = []
    for event in dict.fromkeys(rule.event for rule in page.journey.rules if rule.stage == stage):
        told = [t for t in page.report.touchpoints if t.event == event and t.stage == stage]
        rated = [(t.people, t.sentiment) for t in told if t.people and t.sentiment is not None]
        people = sum(number for number, _ in rated)
        if people:
            mean = sum(number * felt for number, felt in rated) / people
            found.append(Feeling(event=event, people=people, mean=mean, feels=told[0].feels))
    likely = sorted(found, key=lambda feeling: -feeling.people)[:MOST_EACH]
    return [feeling for feeling in found if feeling in likely]


def feelings(page: Page) -> str:
    """The row of emotions, with friction below."""
    found = [_axis(page)]
    points: list[tuple[float, float]] = []
    marks: list[str] = []
    for place, stage in enumerate(page.stages):
        here = of_stage(page, stage)
        for number, feeling in enumerate(here):
            x = page.edge(place) + page.column * (number + 0.5) / len(here)
            points.append((x, _height(feeling.mean)))
            marks.append(_mark(feeling, x, page.column / len(here), low=number % 2 == 1))
    if points:
        curve = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        found.append(shape("path", d=curve, fill="none", stroke=TEAL, stroke_width=2.2, stroke_linejoin="round"))
    return "".join([*found, *marks, _friction(page)])


def _height(feeling: float) -> float:
    return MIDDLE - feeling * UNIT


def _axis(page: Page) -> str:
    words = page.words
    found = [shape("path", d=f"M{LEFT + GUTTER:.1f} {MIDDLE:.1f}H{RIGHT:.1f}", stroke=LINE, stroke_dasharray="4 4")]
    for feeling, word in ((2, words.good), (0, words.so_so), (-2, words.bad)):
        label = f"{word} {feeling:+d}" if feeling else word
        found.append(text(LEFT + GUTTER - 10, _height(feeling) + 4, label, 10, fill=SOFT, text_anchor="end"))
    return "".join(found)


def _mark(feeling: Feeling, x: float, width: float, *, low: bool) -> str:
    y = _height(feeling.mean)
    found: list[str] = []
    if feeling.feels is not None:
        wished = _height(feeling.feels)
        if feeling.mean < feeling.feels:
            gap: dict[str, object] = {"stroke": CLAY, "stroke_width": 1.6, "stroke_dasharray": "2 2.5"}
            found.append(shape("path", d=f"M{x:.1f} {y:.1f}V{wished:.1f}", **gap))
        diamond = f"M{x:.1f} {wished - 5:.1f}l5 5l-5 5l-5 -5z"
        found.append(shape("path", d=diamond, fill=PAPER, stroke=CLAY, stroke_width=1.4))
    found.append(shape("circle", cx=x, cy=y, r=4.2, fill=TEAL, stroke=PAPER, stroke_width=1.2))
    name = fitted(readable(feeling.event), width * 1.7, 9.5)
    found.append(text(x, BOTTOM + (27 if low else 15), name, 9.5, text_anchor="middle", fill=INK, halo=True))
    return "".join(found)


def _friction(page: Page) -> str:
    """Where it is hard: each friction under its stage, or at the left if it may be anywhere."""
    told = {friction.friction: friction for friction in page.report.friction}
    found: list[str] = []
    taken: dict[int, int] = {}
    for friction in page.journey.friction:
        place = page.stages.index(friction.stage) if friction.stage else len(taken) % len(page.stages)
        while place in taken and len(taken) < len(page.stages):
            place = (place + 1) % len(page.stages)
        taken[place] = taken.get(place, 0) + 1
        x, y = page.edge(place) + 8, LEGEND - 4
        where = "" if friction.stage else f" ({page.words.anywhere})"
        label = f"{page.number(told[friction.id].people)} · {page.said(friction.title)}{where}"
        box: dict[str, object] = {"rx": 8, "fill": SAND, "fill_opacity": 0.45}
        found.append(shape("rect", x=x - 4, y=y - 12, width=page.column - 8, height=17, **box))
        found.append(triangle(x + 6, y + 1, 9))
        found.append(text(x + 16, y, fitted(label, page.column - 36, 10), 10, font_weight=600))
    return "".join(found)
