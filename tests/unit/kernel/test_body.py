"""The strict decoder: which bodies can be nested at will, and so have to be looked at for it."""

import time
from typing import Any

import pytest
from msgspec import Struct

from service.consent.model import Questions, Record
from service.kernel.body import DEEPEST, Reader
from service.kernel.problem import MalformedBody

SECONDS = 2.0


class Tree(Struct):
    """Something that holds itself."""

    branches: list["Tree"] = []


class Free(Struct):
    """Something that holds anything."""

    content: dict[str, Any]


@pytest.mark.parametrize(("form", "name"), [(Tree, "branches"), (Free, "content")])
def test_what_may_be_nested_at_will_is_measured(form: type[Struct], name: str) -> None:
    """More levels than the limit are refused, in whichever type they fit."""
    inner = '{"branches": []}' if form is Tree else "{}"
    for _ in range(DEEPEST):
        inner = f'{{"branches": [{inner}]}}' if form is Tree else f'{{"content": {inner}}}'
    with pytest.raises(MalformedBody, match="nested deeper"):
        Reader(form).read((inner if form is Tree else f'{{"{name}": {inner}}}').encode())


@pytest.mark.parametrize("form", [Questions, Record])
def test_what_only_looks_nested_is_read(form: type[Struct]) -> None:
    """A long list of objects is not deep, and a bracket in a text is none."""
    subject = '{"kind": "customer_id", "value": "[[[[{{{{"}'
    question = f'{{"subject": {subject}, "purposes": ["analytics"]}}'
    bodies = {
        Questions: f'{{"checks": [{", ".join([question] * 100)}]}}',
        Record: f'{{"subject": {subject}, "site": "shop", "decisions": {{"analytics": "given"}}, "method": "form", '
        '"notice": {"id": "shop", "version": "1.0", "language": "it"}}',
    }
    assert Reader(form).read(bodies[form].encode())


def test_a_text_without_an_end_is_refused_at_once() -> None:
    """Whoever sends half a mebibyte of escaped quotes keeps nobody else waiting."""
    body = b"[" * (DEEPEST + 1) + b'"' + b'\\"' * 250_000
    began = time.perf_counter()
    with pytest.raises(MalformedBody):
        Reader(Record).read(body)
    assert time.perf_counter() - began < SECONDS
