"""The whole map: head, stages, rows, legend; its title and description are what a screen reader reads."""

from collections.abc import Iterable

from service.journey.map.contacts import beside, contacts
from service.journey.map.feelings import feelings
from service.journey.map.flows import flows
from service.journey.map.page import (
    CARDS,
    CHANNELS,
    FEELINGS,
    FLOWS,
    HEAD,
    HEIGHT,
    LEFT,
    LEGEND,
    RIGHT,
    WIDTH,
    Page,
)
from service.journey.map.svg import (
    CLAY,
    FONT,
    INK,
    LINE,
    PALE,
    PAPER,
    PATTERN_BACK,
    PATTERN_WITHHELD,
    SKY,
    SOFT,
    TEAL,
    WINE,
    lines,
    patterns,
    plain,
    shape,
    text,
    triangle,
    wrapped,
)
from service.policy.model import Stage


def drawn(page: Page) -> str:
    """The map as an SVG document."""
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + shape(
        "svg",
        shape("title", plain(_title(page)), id="title"),
        shape("desc", plain(_described(page)), id="description"),
        patterns(),
        shape("rect", width=WIDTH, height=HEIGHT, fill=PAPER),
        shape("g", *_parts(page), font_family=FONT),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}",
        width="297mm",
        height="210mm",
        role="img",
        lang=page.language,
        aria_labelledby="title description",
    )


def _parts(page: Page) -> Iterable[str]:
    yield _head(page)
    for place, stage in enumerate(page.journey.stages):
        yield _card(page, place, stage)
    words = page.words
    for y, row in ((FLOWS, words.people_row), (CHANNELS, words.touchpoints_row), (FEELINGS, words.feelings_row)):
        yield text(LEFT, y - 7 if y > FLOWS else y + 12, row, 11.5, font_weight=700, fill=TEAL)
    yield shape("path", d=f"M{LEFT:.1f} {FEELINGS - 22:.1f}H{RIGHT:.1f}", stroke=LINE, stroke_width=0.8)
    yield flows(page)
    yield contacts(page)
    yield feelings(page)
    yield _legend(page)


def _title(page: Page) -> str:
    return f"{page.words.map}: {page.said(page.journey.title)}"


def _described(page: Page) -> str:
    stages = {stage.id: page.said(stage.title) for stage in page.journey.stages}
    told = [
        f"{stages[t.stage]}: {page.number(t.people)} {page.words.people}"
        for t in page.report.stages
        if t.stage in stages
    ]
    moves = [f"{stages[m.start]} → {stages[m.end]}: {page.number(m.people)}" for m in page.report.moves]
    return f"{page.words.describes} {'; '.join(told)}. {'; '.join(moves)}."


def _head(page: Page) -> str:
    report, words = page.report, page.words
    whole = words.from_to.format(first=page.day(report.first), last=page.day(report.last))
    of_whom = [whole, f"{page.number(report.people)} {words.people}"]
    if report.channel:
        of_whom.append(f"{words.channel}: {page.said(page.bundle.channels[report.channel].title)}")
    if report.persona:
        of_whom.append(f"{words.persona}: {page.said(page.bundle.personas[report.persona].title)}")
    found = text(LEFT, HEAD + 16, wrapped(page.said(page.journey.title), 560, 24, 1)[0], 24, font_weight=700)
    found += text(RIGHT, HEAD + 12, " · ".join(of_whom), 12, text_anchor="end", fill=SOFT)
    if report.people is None:
        found += text(RIGHT, HEAD + 29, words.not_told, 12, text_anchor="end", fill=WINE, font_weight=600)
    return found


def _card(page: Page, place: int, stage: Stage) -> str:
    x, width = page.edge(place) + 4, page.column - 8
    head = 26.0
    said = wrapped(
        f"«{page.said(stage.mindset)}»" if page.language == "it" else f"“{page.said(stage.mindset)}”",
        width - 20,
        11.5,
        2,
    )
    goal = wrapped(f"{page.words.goal}: {page.said(stage.goal)}", width - 20, 10.5, 2)
    tip = 11.0
    arrow = (
        f"M{x:.1f} {CARDS:.1f}H{x + width - tip:.1f}L{x + width:.1f} {CARDS + head / 2:.1f}"
        f"L{x + width - tip:.1f} {CARDS + head:.1f}H{x:.1f}L{x + tip:.1f} {CARDS + head / 2:.1f}z"
    )
    return "".join(
        (
            shape("rect", x=x, y=CARDS + head + 2, width=width, height=88, rx=4, fill=PALE),
            shape("path", d=arrow, fill=INK),
            text(x + width / 2, CARDS + 18, wrapped(page.said(stage.title), width - 40, 14, 1)[0], 14, **_ON_INK),
            lines(x + 10, CARDS + head + 19, said, 11.5, font_style="italic"),
            lines(x + 10, CARDS + head + 51, goal, 10.5, fill=SOFT),
            text(
                x + 10,
                CARDS + head + 82,
                wrapped(f"{page.words.owner}: {stage.owner}", width - 20, 10.5, 1)[0],
                10.5,
                font_weight=600,
            ),
        )
    )


_ON_INK: dict[str, object] = {"fill": PAPER, "font_weight": 700, "text_anchor": "middle"}


def _legend(page: Page) -> str:
    words, report = page.words, page.report
    days = page.journey.drop_off.silence_days if page.journey.drop_off else 0
    y, x = LEGEND + 30, LEFT
    found = [beside(page, LEGEND + 20)] if report.people is not None else []

    def swatch(fill: str, outline: str) -> str:
        return shape("rect", x=x, y=y + 4, width=20, height=10, fill=fill, stroke=outline)

    shown = [
        (swatch, (SKY, TEAL), words.forward),
        (swatch, (PATTERN_BACK, CLAY), words.back),
        (swatch, (PATTERN_WITHHELD, SOFT), words.legend_withheld.format(smallest=report.smallest_group)),
    ]
    for draw, colours, label in shown:
        found += [draw(*colours), text(x + 26, y + 13, label, 10)]
        x += 26 + len(label) * 4.9 + 18
    signs = [(triangle(x + 6, y + 14, 10), words.legend_friction)]
    found.append(signs[0][0])
    found.append(text(x + 16, y + 13, words.legend_friction, 10))
    x += 16 + len(words.legend_friction) * 4.9 + 18
    if days:
        label = words.legend_silent.format(days=days)
        found.append(shape("path", d=f"M{x:.1f} {y + 5:.1f}h10l-5 9z", fill=WINE))
        found.append(text(x + 15, y + 13, label, 10))
        x += 15 + len(label) * 4.9 + 18
    found.append(shape("circle", cx=x + 4, cy=y + 9, r=4.2, fill=TEAL))
    found.append(text(x + 13, y + 13, words.legend_felt, 10))
    x += 13 + len(words.legend_felt) * 4.9 + 18
    found.append(
        shape("path", d=f"M{x + 5:.1f} {y + 4:.1f}l5 5l-5 5l-5 -5z", fill=PAPER, stroke=CLAY, stroke_width=1.4)
    )
    found.append(text(x + 15, y + 13, words.legend_expected, 10))
    return "".join([*found, text(LEFT, y + 28, words.legend_share, 10, fill=SOFT)])
