"""Lines of files of consents: each has the number of its beginning, and a broken one harms no other."""

import io
from pathlib import Path

import msgspec
import pytest

from service.cli.consents.columns import REQUIRED, row_of
from service.cli.lines import BROKEN, NOT_CSV, TOO_LONG, Line, lines
from service.kernel.body import MOST_BYTES

HEADER = ",".join([*REQUIRED, "decisions.analytics", "decisions.one.two", "minor"]).encode()
ROW = b"customer_id,ada,shop,shop,1.0,it,import,2026-01-15T09:30:00Z,given,,\n"
BODY = {
    "subject": {"kind": "customer_id", "value": "ada"},
    "site": "shop",
    "notice": {"id": "shop", "version": "1.0", "language": "it"},
    "method": "import",
    "collected_at": "2026-01-15T09:30:00Z",
    "decisions": {"analytics": "given"},
}


def read(name: str, content: bytes) -> list[Line]:
    """The lines of a file with this content."""
    return list(lines(Path(name), io.BytesIO(content), row_of))


def bodies(found: list[Line]) -> list[tuple[int, object]]:
    """Lines by number: the content of each body, or what is wrong."""
    return [
        (line.number, msgspec.json.decode(line.body) if isinstance(line.body, bytes) else line.body) for line in found
    ]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["without BOM", "with BOM"])
@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_a_row_is_a_body(mark: bytes, ends: bytes) -> None:
    """Empty cells are left out, blank lines are skipped, and numbers are those of the file."""
    content = mark + HEADER + b"\n\n" + ROW + b"\n" + ROW
    assert bodies(read("a.CSV", content.replace(b"\n", ends))) == [(3, BODY), (5, BODY)]


def test_names_of_the_bundle_may_have_dots() -> None:
    """What follows decisions. is one name; true and false are truths in their own columns only."""
    row = ROW.replace(b"given,,", b"true,given,true")
    decisions = {"analytics": "true", "one.two": "given"}
    assert bodies(read("a.csv", HEADER + b"\n" + row)) == [(2, BODY | {"decisions": decisions, "minor": True})]


def test_a_row_may_go_on_in_the_next_line() -> None:
    """A quoted cell keeps its line ends, and the row after it has its own number."""
    row = ROW.replace(b"ada", b'"a\nd\na"')
    (first, one), (second, _) = bodies(read("a.csv", HEADER + b"\n" + row + ROW))
    assert (first, second) == (2, 5)
    assert isinstance(one, dict)
    assert one["subject"]["value"] == "a\nd\na"


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (ROW.replace(b"ada", b"ad\xe0"), BROKEN),
        (ROW.replace(b"ada", b'"a"da'), NOT_CSV),
        (ROW.replace(b"ada", b"a" * MOST_BYTES), TOO_LONG),
        (ROW.replace(b"ada", b"a" * 3 * MOST_BYTES), TOO_LONG),
    ],
    ids=["encoding", "quotes", "length", "more length"],
)
def test_a_broken_row_is_refused_alone(broken: bytes, fault: object) -> None:
    """The row before it and the row behind it are read."""
    found = bodies(read("a.csv", HEADER + b"\n" + ROW + broken + ROW))
    assert found == [(2, BODY), (3, fault), (4, BODY)]


def test_a_row_with_another_number_of_cells_is_refused() -> None:
    """Cells that slipped would say something else."""
    found = read("a.csv", HEADER + b"\n" + ROW.replace(b"ada,", b"ada,,") + ROW)
    assert [isinstance(line.body, bytes) for line in found] == [False, True]


def test_a_quote_that_never_ends_does_not_take_the_file_with_it() -> None:
    """At most as much is swallowed as a line may have; what follows is read."""
    open_quote = ROW.replace(b"ada", b'"ada')
    found = read("a.csv", HEADER + b"\n" + open_quote + ROW * (2 * MOST_BYTES // len(ROW)))
    assert found[0] in (Line(2, NOT_CSV), Line(2, TOO_LONG))
    assert bodies(found[-1:])[0][1] == BODY
    swallowed = found[1].number - found[0].number
    assert swallowed * len(ROW) <= MOST_BYTES


def test_a_row_that_never_ends_is_given_up() -> None:
    """Cells that each go on in the next line make one row, which may be as long as a line and no longer."""
    assert read("a.csv", HEADER + b"\n" + b'"a\n",' * (MOST_BYTES // 4))[0] == Line(2, TOO_LONG)


def test_lines_of_json_are_read_as_they_are() -> None:
    """Blank lines are skipped, an over-long one is refused, and the decoder has the last word on the others."""
    content = b'\xef\xbb\xbf{"a": 1}\r\n \n' + b"x" * (MOST_BYTES + 1) + b"\n\xff\n{}"
    assert read("a.jsonl", content) == [
        Line(1, b'{"a": 1}'),
        Line(3, TOO_LONG),
        Line(4, b"\xff"),
        Line(5, b"{}"),
    ]
