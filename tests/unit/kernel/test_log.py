"""Logs hold what is on a list, and nothing that a person sent."""

import json
import logging
from collections.abc import Iterator

import pytest

from service.kernel.log import ALLOWED, JsonLines, crash, event

MARKER = "zq-ada@example.com"


class Lines(logging.Handler):
    """The lines that would be written."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLines())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(self.format(record))


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Everything that is logged during a test, as it would be written."""
    lines, root, ours = Lines(), logging.getLogger(), logging.getLogger("placet")
    root.addHandler(lines)
    before = ours.level
    ours.setLevel("INFO")
    yield lines
    ours.setLevel(before)
    root.removeHandler(lines)


def test_an_event_is_one_line_of_json(lines: Lines) -> None:
    """With its time, its level, its name and its fields."""
    event("request.answered", status=200, operation="IsLive")
    (line,) = lines.lines
    written = json.loads(line)
    assert written.pop("at").endswith("+00:00")
    assert written == {"level": "info", "event": "request.answered", "status": 200, "operation": "IsLive"}


def test_a_field_that_is_not_listed_is_refused(lines: Lines) -> None:
    """Nobody logs a person by habit: a new field has to be entered where it can be seen."""
    for field in ("subject", "body", "path", "identifier", "query"):
        with pytest.raises(ValueError, match=field):
            event("request.answered", **{field: MARKER})
    assert lines.lines == []


def test_no_listed_field_is_meant_for_what_people_send() -> None:
    """The list is short, and each name on it is one of our own facts."""
    assert not ALLOWED & {
        "subject",
        "subject_id",
        "identifier",
        "value",
        "body",
        "path",
        "query",
        "headers",
        "email",
        "detail",
    }


def test_a_crash_is_told_by_its_place_and_not_by_its_text(lines: Lines) -> None:
    """The text of an error may quote a value; its kind and where it was raised do not."""
    try:
        int(MARKER)
    except ValueError as error:
        crash("request.crashed", error, request_id="1")
    (line,) = lines.lines
    written = json.loads(line)
    assert (written["level"], written["event"], written["error"]) == ("error", "request.crashed", "ValueError")
    assert __file__ in written["place"][-1]
    assert MARKER not in line


def test_a_library_is_told_by_its_name_and_place_and_not_by_its_text(lines: Lines) -> None:
    """Whatever a library has to say about a value stays its own."""
    try:
        int(MARKER)
    except ValueError:
        logging.getLogger("some.library").exception("cannot parse %s", MARKER)
    (line,) = lines.lines
    assert json.loads(line)["error"] == "some.library"
    assert MARKER not in line


def test_a_line_cannot_be_forged(lines: Lines) -> None:
    """A line break in a value does not begin another line."""
    event("request.answered", method='GET\n{"event": "forged"}')
    (line,) = lines.lines
    assert "\n" not in line
    assert json.loads(line)["event"] == "request.answered"


def test_of_the_server_only_the_first_line_is_kept(lines: Lines) -> None:
    """What follows it may be a traceback, whose last line is an error's own text."""
    logging.getLogger("_granian").error("It failed\nTraceback …\nValueError: %s", MARKER)
    assert json.loads(lines.lines[-1])["reason"] == "It failed"
    assert MARKER not in "".join(lines.lines)
