"""Secrets are compared in constant time, wherever they are."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.test_shape import SOURCES, named

SECRET = {"secret", "secret_hash", "key_hash", "token_hash", "mac", "body_mac", "code_hash", "signature"}
"""What whoever is let in by it must have known, by the names that it has in the code."""


def names_of(operand: ast.expr) -> Iterator[str]:
    """The name of what is compared: of a variable, a member, or a column of a row."""
    match operand:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str(name))):
            yield name
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            yield name
        case _:
            pass


def compared(path: Path) -> Iterator[str]:
    """What a file compares by `==` or `!=`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Compare) and any(isinstance(each, ast.Eq | ast.NotEq) for each in node.ops):
            for operand in (node.left, *node.comparators):
                yield from names_of(operand)


@pytest.mark.rule("S2")
def test_secrets_are_compared_in_constant_time() -> None:
    """Secret keys are compared in constant time: no hash or MAC that lets somebody in is compared by `==`."""
    found = {named(path): SECRET.intersection(compared(path)) for path in SOURCES}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.rule("S2")
def test_the_one_comparison_is_that_of_the_standard_library() -> None:
    """Secret keys are compared in constant time: `same` is `hmac.compare_digest`, and credentials go through it."""
    crypto, auth = (
        next(path for path in SOURCES if named(path) == f"service/kernel/{name}.py") for name in ("crypto", "auth")
    )
    (same,) = [
        node for node in ast.parse(crypto.read_text()).body if isinstance(node, ast.FunctionDef) and node.name == "same"
    ]
    assert "return hmac.compare_digest(one, other)" in ast.unparse(same)
    calls = [node for node in ast.walk(ast.parse(auth.read_text())) if isinstance(node, ast.Call)]
    assert len([call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "same"]) == 2
