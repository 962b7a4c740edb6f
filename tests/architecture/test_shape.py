"""The code keeps its shape: small files and functions, no grab bags, no swallowed errors, no unexplained exceptions."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import service
from tests.architecture.documents import ROOT

LONGEST_FILE = 300
LONGEST_FUNCTION = 40
DEEPEST = 3
GRAB_BAGS = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "service"}
MAY_CATCH_ALL = {f"service/{name}.py" for name in ("kernel/http", "kernel/envelope", "kernel/express", "work")}
TOP = {
    ".ci",
    "benchmarks",
    "docs",
    "migrations",
    "openapi",
    "policies",
    "requirements",
    "service",
    "tests",
}
NOT_COMMITTED = {
    ".git",
    ".hypothesis",
    ".import_linter_cache",
    ".placet",
    ".pytest_cache",
    ".ruff_cache",
    ".venv",
    "dist",
}
NESTS = (ast.For, ast.AsyncFor, ast.While, ast.If, ast.Try, ast.TryStar, ast.Match)

SOURCES = sorted([*ROOT.glob("service/**/*.py"), *ROOT.glob("benchmarks/**/*.py")])


def named(path: Path) -> str:
    """A file by its place in the repository."""
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a file, also those inside others."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def depth(node: ast.AST) -> int:
    """How many blocks stand inside each other below a node; an elif stands beside its if."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        chained = isinstance(node, ast.If) and child in node.orelse and isinstance(child, ast.If)
        deepest = max(deepest, depth(child) + (isinstance(child, NESTS) and not chained))
    return deepest


def test_files_are_short() -> None:
    """No file of the service has more than 300 lines; one that outgrows that becomes a folder of its name."""
    lengths = {named(path): len(path.read_text().splitlines()) for path in SOURCES}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_functions_are_short() -> None:
    """No function has more than 40 lines, signature and docstring included."""
    lengths = {
        f"{named(path)}: {function.name}": (function.end_lineno or 0) - function.lineno + 1
        for path in SOURCES
        for function in functions(path)
    }
    assert {function: lines for function, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}


def test_functions_are_flat() -> None:
    """No function has more than three blocks inside each other."""
    depths = {f"{named(path)}: {function.name}": depth(function) for path in SOURCES for function in functions(path)}
    assert {function: blocks for function, blocks in depths.items() if blocks > DEEPEST} == {}


def test_nothing_is_a_grab_bag() -> None:
    """No file or folder is called utils, helpers, common, manager or service; only the package itself is."""
    tests = ROOT.glob("tests/**/*.py")
    parts = {
        (named(path), part) for path in [*SOURCES, *tests] for part in path.relative_to(ROOT).with_suffix("").parts[1:]
    }
    assert sorted(path for path, part in parts if part in GRAB_BAGS) == []


def test_top_level_folders_are_those_of_the_map() -> None:
    """The repository has the folders that its map names, and no other."""
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()} - NOT_COMMITTED
    assert folders == TOP


@pytest.mark.parametrize("path", [path for path in SOURCES if named(path) not in MAY_CATCH_ALL], ids=named)
def test_no_error_is_caught_blindly(path: Path) -> None:
    """Only what answers requests, and the worker's loop, catches exceptions that it does not name."""
    blind = [
        handler.lineno
        for handler in ast.walk(ast.parse(path.read_text()))
        if isinstance(handler, ast.ExceptHandler) and _names_nothing(handler.type) and not _raises_again(handler)
    ]
    assert blind == []


def _names_nothing(caught: ast.expr | None) -> bool:
    kinds = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(
        kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"}) for kind in kinds
    )


def _raises_again(handler: ast.ExceptHandler) -> bool:
    """Whether it only tidies up: the error goes on as it came."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_lint_exceptions_carry_their_reason() -> None:
    """Every `noqa` and `pyright: ignore` names what it silences, and says why."""
    lines = [(named(path), line) for path in SOURCES for line in path.read_text().splitlines()]
    marks = [
        (path, line.partition(mark)[2])
        for path, line in lines
        for mark in ("# noqa", "# pyright:", "# type:")
        if mark in line
    ]
    assert [(path, mark) for path, mark in marks if " - " not in mark] == []


def test_the_version_is_one() -> None:
    """The version of the code is the one of the package."""
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == service.__version__
