"""Logs in JSON, one event a line. Only what is on the list below is ever written, so that nothing personal can be.

Libraries speak in sentences that may repeat what a person sent. Of them only their name, level and the place in the
code are kept; those of the server about its own start and stop are the exception.
"""

import logging
import sys
import traceback
from datetime import UTC, datetime

import msgspec

ALLOWED = frozenset(
    {
        "address", "bundle", "count", "data_dir", "duration_ms", "error", "faults", "method", "migrations", "operation",
        "place", "reason", "request_id", "route", "status", "work",
    }
)  # fmt: skip
"""The fields that an event may carry. None of them can hold what a person sent."""
SPEAKS_OF_ITSELF = "_granian"
"""The server's own logger, whose lines are about its start and stop."""
LOGGER = "placet"
DEEPEST = 12
"""Frames of a traceback that are written."""

_log = logging.getLogger(LOGGER)
_encoder = msgspec.json.Encoder(enc_hook=str)


def event(name: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Write an event such as `request.answered`; raises `ValueError` for a field that is not on the list."""
    if unlisted := fields.keys() - ALLOWED:
        raise ValueError(f"an event may not carry {', '.join(sorted(unlisted))}; the list is in kernel/log.py")
    if _log.isEnabledFor(level):  # a record of our own making, because nobody needs the search for its caller
        _log.handle(_log.makeRecord(LOGGER, level, "", 0, name, (), None, extra={"fields": fields}))


def writes(level: int) -> bool:
    """Whether events of this level are written."""
    return _log.isEnabledFor(level)


def crash(name: str, error: BaseException, **fields: object) -> None:
    """Write that something went wrong and where in the code, without the error's own text."""
    event(name, level=logging.ERROR, error=type(error).__name__, place=place_of(error), **fields)


def place_of(error: BaseException) -> list[str]:
    """Where an error was raised: file, line and function of its last frames, innermost last."""
    frames = traceback.extract_tb(error.__traceback__)[-DEEPEST:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


class JsonLines(logging.Formatter):
    """One JSON object a line: when, how serious, what, and listed fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
        }
        if record.name == LOGGER:
            line |= {"event": record.msg, **getattr(record, "fields", {})}
        elif record.name.partition(".")[0] == SPEAKS_OF_ITSELF:
            line |= {"event": "server", "reason": record.getMessage().partition("\n")[0]}
        else:
            line |= {"event": "library", "error": record.name, "place": [f"{record.filename}:{record.lineno}"]}
        return _encoder.encode(line).decode()


def configure(level: str) -> None:
    """Write events of this level and above to standard error; libraries only from warning on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    _log.setLevel(level.upper())
    logging.captureWarnings(capture=True)
