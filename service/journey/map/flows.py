"""How many people are in a stage, how many move, and how many fall silent. Forward is plain, back is striped."""

from service.journey.map.page import FLOWS, Page
from service.journey.map.svg import CLAY, INK, PAPER, PATTERN_BACK, PATTERN_WITHHELD, SKY, SOFT, TEAL, WINE, shape, text
from service.journey.report.model import MoveTold, StageTold

NODE_WIDTH, NODE_HEIGHT = 118.0, 60.0
TOP = FLOWS + 66
BOTTOM = TOP + NODE_HEIGHT
WIDEST, NARROWEST = 24.0, 2.0
LABEL = 10.5
READABLE = 13.0
"""How wide a move must be for its label to stand on it."""


def flows(page: Page) -> str:
    """The row of people and moves."""
    moves = sorted(page.report.moves, key=lambda move: -(move.people or 0))
    drawn = [_move(page, move) for move in moves if move.people is not None or move.withheld]
    stages = [_stage(page, place, stage) for place, stage in enumerate(page.report.stages[:-1])]
    return "".join([*[shapes for shapes, _ in drawn], *stages, *[label for _, label in drawn]])


def _width(page: Page, people: int | None) -> float:
    """How wide a move is drawn: in proportion to the people, and never too thin to be seen."""
    most = max((move.people or 0 for move in page.report.moves), default=0)
    return max(NARROWEST, WIDEST * people / most) if people and most else 7.0


def _stage(page: Page, place: int, told: StageTold) -> str:
    x = page.centre(place) - NODE_WIDTH / 2
    fill = PATTERN_WITHHELD if told.people is None else PAPER
    box = shape("rect", x=x, y=TOP, width=NODE_WIDTH, height=NODE_HEIGHT, rx=9, fill=fill, stroke=INK, stroke_width=1.6)
    centred: dict[str, object] = {"text_anchor": "middle", "halo": True}
    people = text(page.centre(place), TOP + 21, page.number(told.people), 17, font_weight=700, **centred)
    reached = page.words.reached.format(number=page.number(told.reached))
    under = text(page.centre(place), TOP + 36, reached, 9.5, **centred | {"fill": SOFT})
    return box + people + under + _silent(page, place)


def _silent(page: Page, place: int) -> str:
    """Who fell silent in a stage: an arrow that leads nowhere."""
    told = next((told for told in page.report.drop_off.stages if told.stage == page.stages[place]), None)
    if told is None or told.people == 0:
        return ""
    label = page.words.silent.format(number=page.number(told.people))
    x, y = page.centre(place) - len(label) * 9.5 * 0.25 - 6, TOP + 51
    arrow = shape("path", d=f"M{x - 4:.1f} {y - 8:.1f}h8l-4 8z", fill=WINE)
    return arrow + text(x + 8, y, label, 9.5, fill=WINE, font_weight=600, halo=True)


def _move(page: Page, move: MoveTold) -> tuple[str, str]:
    """The ribbon of a move, and its label."""
    start, end = page.stages.index(move.start), page.stages.index(move.end)
    width = _width(page, move.people)
    fill = PATTERN_WITHHELD if move.people is None else (PATTERN_BACK if move.back else SKY)
    outline = CLAY if move.back else TEAL
    name = page.number(move.people)
    if move.share is not None:
        name = f"{name} · {page.percent(move.share)}"
    if end == start + 1:
        left, right, y = page.centre(start) + NODE_WIDTH / 2, page.centre(end) - NODE_WIDTH / 2, TOP + NODE_HEIGHT / 2
        half, tip = width / 2, min(14.0, width / 2 + 6)
        path = (
            f"M{left:.1f} {y - half:.1f}L{right - tip:.1f} {y - half:.1f}v-4L{right - 1:.1f} {y:.1f}"
            f"L{right - tip:.1f} {y + half + 4:.1f}v-4L{left:.1f} {y + half:.1f}z"
        )
        place = ((left + right) / 2, y - half - 6)
    else:
        path, place = _arc(page, start, end, width)
    ribbon = shape("path", d=path, fill=fill, stroke=outline, stroke_width=1, stroke_linejoin="round")
    return ribbon, text(*place, name, LABEL, text_anchor="middle", halo=True, font_weight=600)


def _arc(page: Page, start: int, end: int, width: float) -> tuple[str, tuple[float, float]]:
    """A ribbon above the stages, or below them for a move back, and where its label stands."""
    back, span, forth = end < start, abs(end - start), 1 if end > start else -1
    sign, y = (1, BOTTOM) if back else (-1, TOP)
    port = 14.0 + 15.0 * (span - 1)
    x1, x2 = page.centre(start) + forth * port, page.centre(end) - forth * port
    rise = sign * (24.0 + 19.0 * (span - 1) + 11.0 * (min(start, end) % 2) * (span > 1) - (0 if back else 14))
    half, foot = width / 2, y + sign * 9
    high, low = y + rise + sign * half, y + rise - sign * half

    def at(x: float, away: float = 0) -> str:
        return f"{x + forth * away:.1f}"

    path = (
        f"M{at(x1, -half)} {y:.1f}"
        f"C{at(x1, -half)} {high:.1f} {at(x1, 16 - half)} {high:.1f} {at(x1, 34 - half)} {high:.1f}"
        f"H{at(x2, half - 34)}C{at(x2, half - 16)} {high:.1f} {at(x2, half)} {high:.1f} {at(x2, half)} {foot:.1f}"
        f"h{forth * 4}L{x2:.1f} {y + sign:.1f}L{at(x2, -half - 4)} {foot:.1f}h{forth * 4}"
        f"C{at(x2, -half)} {low:.1f} {at(x2, -half - 10)} {low:.1f} {at(x2, -half - 26)} {low:.1f}"
        f"H{at(x1, half + 26)}C{at(x1, half + 10)} {low:.1f} {at(x1, half)} {low:.1f} {at(x1, half)} {y:.1f}z"
    )
    aside = 4 if width > READABLE or span > 1 else sign * (half + 7) + 4
    return path, ((x1 + x2) / 2, y + rise + aside)
