"""What people touch: a row for each channel, under the stage that each touchpoint speaks for."""

from service.journey.map.page import CHANNELS, FEELINGS, GUTTER, LEFT, RIGHT, Page, readable
from service.journey.map.svg import (
    INK,
    LINE,
    PATTERN_WITHHELD,
    SKY,
    SOFT,
    TEAL,
    WIDE,
    fitted,
    shape,
    text,
    triangle,
    wrapped,
)
from service.journey.report.model import ChannelTold, TouchpointTold

MOST_ROWS = 7
LINE_HEIGHT, SIZE = 13.0, 10.0
BAR = 46.0


def contacts(page: Page) -> str:
    """The rows of touchpoints."""
    channels = sorted(page.report.channels, key=lambda told: -(told.people or 0))[:MOST_ROWS]
    order = [channel.channel for channel in page.report.channels]
    channels.sort(key=lambda told: order.index(told.channel))
    if not channels:
        return ""
    height = min(64.0, (FEELINGS - CHANNELS - 24) / len(channels))
    return "".join(_row(page, told, CHANNELS + place * height, height) for place, told in enumerate(channels))


def _row(page: Page, told: ChannelTold, y: float, height: float) -> str:
    title = page.bundle.channels[told.channel].title
    found = [
        shape("path", d=f"M{LEFT:.1f} {y:.1f}H{RIGHT:.1f}", stroke=LINE, stroke_width=0.8),
        text(LEFT, y + 14, fitted(page.said(title), GUTTER - 8, 11), 11, font_weight=600),
        text(LEFT, y + 26, page.number(told.people), SIZE, fill=SOFT),
    ]
    if met := [number for number in told.friction.values() if number != 0]:
        most = max((number for number in met if number is not None), default=None)
        found.append(triangle(LEFT + 52, y + 26.5, 9))
        found.append(text(LEFT + 60, y + 26, page.number(most), SIZE, fill=SOFT))
    room = max(1, int((height - 4) / LINE_HEIGHT))
    for place, stage in enumerate(page.stages):
        here = [t for t in page.report.touchpoints if t.channel == told.channel and t.stage == stage]
        found.append(_cell(page, sorted(here, key=lambda t: -(t.people or 0)), page.edge(place) + 8, y + 3, room))
    return "".join(found)


def _cell(page: Page, here: list[TouchpointTold], x: float, y: float, room: int) -> str:
    shown = here[:room]
    most = max((told.people or 0 for told in page.report.touchpoints), default=0) or 1
    found: list[str] = []
    for place, told in enumerate(shown):
        top = y + place * LINE_HEIGHT
        known = told.people is not None
        length = max(2.0, BAR * (told.people or 0) / most) if known else 14.0
        fill = SKY if known else PATTERN_WITHHELD
        found.append(shape("rect", x=x, y=top + 2, width=length, height=8, fill=fill, stroke=TEAL, stroke_width=0.7))
        number = page.number(told.people)
        rest = f" + {len(here) - room}" if place + 1 == room < len(here) else ""
        width = page.column - BAR - 26 - (len(number) + len(rest)) * SIZE * WIDE
        name = fitted(readable(told.event), width, SIZE) + rest
        found.append(text(x + BAR + 6, top + 10, name, SIZE))
        found.append(text(x + page.column - 16, top + 10, number, SIZE, fill=INK, text_anchor="end", font_weight=600))
    return "".join(found)


def beside(page: Page, y: float) -> str:
    """What nobody touched, and what is not on the map."""
    gaps, words = page.report.gaps, page.words
    unused = [readable(gap.event) for gap in gaps.unused]
    unmapped = [readable(gap.event) for gap in gaps.unmapped]
    said = [words.unused.format(names=", ".join(unused)) if unused else ""]
    said.append(words.unmapped.format(names=", ".join(dict.fromkeys(unmapped))) if unmapped else "")
    line = " · ".join(part for part in said if part)
    return text(LEFT, y, wrapped(line, RIGHT - LEFT, SIZE, 1)[0], SIZE, fill=SOFT) if line else ""
