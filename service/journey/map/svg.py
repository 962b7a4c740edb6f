"""Shapes and words as SVG. Every text is escaped; there are presentation attributes alone, no style and no script."""

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

INK, SOFT, LINE, PALE, PAPER = "#1b2733", "#53606c", "#c3ccd4", "#f2f5f7", "#ffffff"
TEAL, SKY, SAND, CLAY, WINE = "#0b5d70", "#a9cfd9", "#f1d9b5", "#a8661c", "#7d2f45"
FONT = "Inter, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"
PATTERN_WITHHELD, PATTERN_BACK = "url(#withheld)", "url(#back)"
WIDE = 0.55
"""The width of a letter for its height, on average and a little more."""
NOT_XML = {code: None for code in range(32) if chr(code) not in "\t\n\r"} | {0xFFFE: None, 0xFFFF: None}


def shape(name: str, *inside: str, **attributes: object) -> str:
    """An element; a member such as `stroke_width` is the attribute `stroke-width`."""
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}={quoteattr(_number(value))}"
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{''.join(inside)}</{name}>" if inside else f"<{name}{written}/>"


def _number(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def plain(words: str) -> str:
    """Words that may stand inside an element."""
    return escape(words.translate(NOT_XML))


def text(x: float, y: float, words: str, size: float = 11, **more: object) -> str:
    """One line of words, its baseline at y; `halo` sets it off from what it stands on."""
    if more.pop("halo", False):
        more |= {"stroke": PAPER, "stroke_width": 3.5, "paint_order": "stroke", "stroke_linejoin": "round"}
    attributes: dict[str, object] = {"x": x, "y": y, "font_size": size, "fill": INK, **more}
    return shape("text", plain(words), **attributes)


def lines(x: float, y: float, words: Iterable[str], size: float = 11, **more: object) -> str:
    """Lines of words, the first one's baseline at y."""
    return "".join(text(x, y + place * size * 1.3, line, size, **more) for place, line in enumerate(words))


def wrapped(words: str, width: float, size: float, most: int) -> list[str]:
    """Words in at most so many lines of a width; what does not fit is cut off with an ellipsis."""
    room = max(4, int(width / (size * WIDE)))
    found = [""]
    for word in words.split():
        longer = f"{found[-1]} {word}".strip()
        if len(longer) <= room or not found[-1]:
            found[-1] = longer
        else:
            found.append(word)
    cut = [line if len(line) <= room else f"{line[: room - 1]}…" for line in found]
    if len(cut) > most:
        cut = [*cut[: most - 1], f"{cut[most - 1][: room - 1].rstrip(' ,.;:')}…"]
    return cut


def fitted(words: str, width: float, size: float) -> str:
    """Words in one line of a width."""
    return wrapped(words.replace(" ", "\N{NO-BREAK SPACE}"), width, size, 1)[0].replace("\N{NO-BREAK SPACE}", " ")


def patterns() -> str:
    """Fills that can be told apart without colour: crossed for what is withheld, striped for moves back."""
    crossed = shape("path", d="M0 6 6 0M0 0 6 6", stroke=SOFT, stroke_width=0.8)
    striped = shape("path", d="M-1 7 7 -1M5 9 9 5M-1 1 1 -1", stroke=CLAY, stroke_width=1.6)
    size: dict[str, object] = {"patternUnits": "userSpaceOnUse"}
    return shape(
        "defs",
        shape(
            "pattern", shape("rect", width=6, height=6, fill=PAPER), crossed, id="withheld", width=6, height=6, **size
        ),
        shape("pattern", shape("rect", width=8, height=8, fill=SAND), striped, id="back", width=8, height=8, **size),
    )


def triangle(x: float, y: float, size: float = 6) -> str:
    """A warning sign, standing on y."""
    half = size * 0.62
    return shape("path", d=f"M{x - half:.1f} {y:.1f}h{2 * half:.1f}l{-half:.1f} {-size:.1f}z", fill=SAND, stroke=CLAY)
