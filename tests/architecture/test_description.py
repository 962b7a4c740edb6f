"""The description of the HTTP interface agrees with the code, and the page that shows it is what it claims to be."""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response
from litestar.routes import HTTPRoute

from service.app import described
from service.kernel.openapi import document, render
from service.kernel.problem import MEDIA_TYPE
from service.kernel.reference import FILES, FOLDER
from tests.architecture.documents import ROOT
from tests.running import Running

SUM = re.compile(r"^\| `(?P<file>[^`]+)` \| `(?P<sum>[0-9a-f]{64})` \|$", re.MULTILINE)
ELSEWHERE = re.compile(r"""(?:src|href)=["']?(?:https?:)?//|@import|url\(\s*["']?(?:https?:)?//""")


@pytest.fixture(scope="module")
def app() -> Litestar:
    """The routes of the service."""
    return described()


@pytest.fixture(scope="module")
def description(app: Litestar) -> dict[str, Any]:
    """The description of the service."""
    return document(app)


def handlers(app: Litestar) -> Iterator[HTTPRouteHandler]:
    """Every handler of the service that answers a request of somebody else's program."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            yield from {
                id(handler): handler for handler in route.route_handlers if "OPTIONS" not in handler.http_methods
            }.values()


def operations(description: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every operation that is described."""
    for path in description["paths"].values():
        yield from path.values()


def nodes(value: object) -> Iterator[dict[str, Any]]:
    """Every object inside a document."""
    if isinstance(value, dict):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inner:
        yield from nodes(item)


def test_the_committed_description_is_that_of_the_code(app: Litestar) -> None:
    """openapi/openapi.json is what `make openapi` would write."""
    assert (ROOT / "openapi/openapi.json").read_text() == render(app)


def test_the_description_is_the_same_each_time(app: Litestar) -> None:
    """Two descriptions of one version do not differ, so a difference always means a change."""
    assert render(app) == render(described())


def test_every_handler_has_an_operation_id_of_its_own(app: Litestar) -> None:
    """Handlers are told apart by their operation id: in the description, in the log, in what is generated from them."""
    names = [handler.operation_id for handler in handlers(app)]
    assert [name for name in names if not isinstance(name, str) or names.count(name) > 1] == []


def test_every_operation_says_what_it_does(description: dict[str, Any]) -> None:
    """Each operation has a summary, a sentence and a tag."""
    silent = [
        o["operationId"] for o in operations(description) if not (o["summary"] and o["description"] and o["tags"])
    ]
    assert silent == []


def test_every_operation_may_answer_with_a_problem_and_with_nothing_else_unforeseen(
    description: dict[str, Any],
) -> None:
    """Besides its one success, an operation describes every other answer as a problem."""
    problem = description["components"]["responses"]["Problem"]
    assert list(problem["content"]) == [MEDIA_TYPE]
    for operation in operations(description):
        success, other = operation["responses"]
        assert success.startswith("2")
        assert (other, operation["responses"][other]) == ("default", {"$ref": "#/components/responses/Problem"})


def test_only_operations_without_a_guard_are_open(app: Litestar, description: dict[str, Any]) -> None:
    """An operation is described as needing a key unless nothing guards it."""
    guarded = {handler.operation_id: bool(handler.resolve_guards()) for handler in handlers(app)}
    told = {operation["operationId"]: operation.get("security") != [] for operation in operations(description)}
    assert description["security"]
    assert told == {name: guarded[name] for name in told}


def test_bodies_are_described_as_strictly_as_they_are_read(app: Litestar, description: dict[str, Any]) -> None:
    """A Struct that refuses unknown fields says so, for every body and everything inside it."""
    schemas = description["components"]["schemas"]
    bodies = [handler.parsed_data_field.annotation for handler in handlers(app) if handler.parsed_data_field]
    assert bodies
    for schema in msgspec.json.schema_components(bodies)[1].values():
        assert schema.get("type") != "object" or schema["additionalProperties"] is False, schema["title"]
        assert any(schema["title"] == ours["title"] and _strict(schema) == _strict(ours) for ours in schemas.values())


def _strict(schema: dict[str, Any]) -> tuple[object, set[str]]:
    return schema.get("additionalProperties"), set(schema.get("properties", ()))


def test_answers_that_are_not_json_say_what_they_are(app: Litestar) -> None:
    """A handler that answers with a file names its media type where the description finds it."""
    files = [handler for handler in handlers(app) if handler.parsed_return_field.is_subclass_of(Response)]
    described_ones = [handler for handler in files if handler.resolve_include_in_schema()]
    assert [handler.operation_id for handler in described_ones if not handler.media_type] == []


def test_every_reference_leads_somewhere(description: dict[str, Any]) -> None:
    """No schema names another that is not there."""
    for node in nodes(description):
        if isinstance(target := node.get("$ref"), str):
            _, *path = target.split("/")
            found: Any = description
            for part in path:
                found = found[part]
            assert found


def test_the_framework_adds_no_pages(app: Litestar) -> None:
    """Only the routes of the domains and of the kernel exist: the framework's own pages load scripts from elsewhere."""
    assert {handler.fn.__module__.partition(".")[0] for handler in handlers(app)} == {"service"}


def test_the_copied_files_are_unchanged() -> None:
    """The files of Swagger UI are those whose sums are written beside them."""
    sums = {match["file"]: match["sum"] for match in SUM.finditer((FOLDER / "README.md").read_text())}
    assert sums.keys() == {name for name in FILES if name.startswith("swagger-ui")}
    assert {name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() for name in sums} == sums


def test_the_reference_loads_nothing_from_elsewhere() -> None:
    """No page, style or script of ours names another host to load from."""
    ours = [
        path
        for path in FOLDER.iterdir()
        if path.suffix in {".html", ".css", ".js"} and path.name != "swagger-ui-bundle.js"
    ]
    assert [path.name for path in ours if ELSEWHERE.search(path.read_text())] == []


async def test_the_reference_is_served_under_a_policy_of_its_own(service: Running) -> None:
    """The page and its files are answered by the service; scripts run from it alone, none inline."""
    page = await service.http.get("/docs")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert (policy["default-src"], policy["script-src"], policy["connect-src"]) == ("'none'", "'self'", "'self'")
    assert "<script>" not in page.text
    for address in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
        assert (await service.http.get(address)).status_code == 200, address


async def test_the_served_description_is_the_committed_one(service: Running) -> None:
    """What a running service says of itself is what the repository says."""
    answer = await service.http.get("/docs/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == json.loads((ROOT / "openapi/openapi.json").read_text())


async def test_nothing_else_is_served_beside_the_reference(service: Running) -> None:
    """A name that is not one of the page's files is a problem like any other address that is not there."""
    for name in ("README.md", "index.html", "..%2F__init__.py", "generated", "generated/redoc"):
        answer = await service.http.get(f"/docs/{name}")
        assert (answer.status_code, answer.headers["content-type"]) == (404, MEDIA_TYPE)
