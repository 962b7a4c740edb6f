"""The data map: what each column holds is read from the catalogue, and nothing there may go without saying it."""

from uuid import UUID, uuid4

import pytest

from service.kernel import datamap
from service.kernel.database import Connection, Database
from service.kernel.datamap import DataMap, Person, Table, TagMissing, quoted


async def changed(database: Database, *statements: str) -> None:
    """Change the schema as a migration might."""

    async def work(connection: Connection) -> None:
        for statement in statements:
            await connection.execute(statement)

    await database.run("test.change", work)


def named(found: DataMap, name: str) -> Table:
    """One table of the map."""
    return next(table for table in found.tables if table.name == name)


async def test_every_table_and_column_is_in_the_map(database: Database) -> None:
    """In the order of the catalogue, each with a sentence and a tag."""
    found = await datamap.read(database)
    rows = await database.fetch(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        ' ORDER BY table_name COLLATE "C", ordinal_position'
    )
    listed = [(table.name, column.name) for table in found.tables for column in table.columns]
    assert sorted(listed) == sorted((row["table_name"], row["column_name"]) for row in rows)
    assert all(column.meaning for table in found.tables for column in table.columns)


async def test_what_a_table_is_kept_for_names_one_of_its_columns(database: Database) -> None:
    """Otherwise the deletion at withdrawal would find nothing."""
    found = await datamap.read(database)
    named_columns = {(table.name, c) for table in found.tables if (p := table.purposes) for c in (p.column, p.since)}
    assert named_columns <= {(table.name, column.name) for table in found.tables for column in table.columns}
    assert {name for name, _ in named_columns} == {"touchpoints", "decisions", "interactions", "cap_counters"}


NOTED = {("rights_tasks", "notes")}
"""Sealed, and of several people at once: whom an erasure is about, until its certificate."""


async def test_a_sealed_column_holds_bytes_of_a_person(database: Database) -> None:
    """What is sealed is personal, but for the notes of an erasure, and can hold a ciphertext."""
    found = await datamap.read(database)
    sealed = {(t.name, column.name): column for t in found.tables for column in t.columns if "sealed" in column.flags}
    assert {column.type for column in sealed.values()} == {"bytea"}
    assert {place for place, column in sealed.items() if column.category is None} == NOTED


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ("ALTER TABLE touchpoints ADD COLUMN mood text", "touchpoints.mood"),
        ("COMMENT ON COLUMN touchpoints.event IS NULL", "touchpoints.event"),
        ("COMMENT ON COLUMN touchpoints.event IS 'What happened.'", "touchpoints.event"),
        ("COMMENT ON COLUMN touchpoints.event IS 'It. [pd=behaviour; erase=delete] Or not.'", "touchpoints.event"),
        ("COMMENT ON COLUMN touchpoints.event IS 'What happened. [erase=delete]'", "touchpoints.event"),
        ("COMMENT ON COLUMN touchpoints.event IS 'What happened. [pd=behaviour; erase=maybe]'", "touchpoints.event"),
        ("COMMENT ON COLUMN touchpoints.event IS 'What happened. [pd=behaviour; saeled]'", "touchpoints.event"),
        ("COMMENT ON COLUMN touchpoints.event IS 'It. [pd=behaviour; ended=maybe; erase=delete]'", "touchpoints.event"),
        ("COMMENT ON TABLE touchpoints IS NULL", "touchpoints"),
        ("COMMENT ON TABLE touchpoints IS 'One row a contact. [purposes=purposes]'", "table touchpoints"),
        ("COMMENT ON TABLE touchpoints IS 'It. [purposes=purposes; since=event; needs=two]'", "table touchpoints"),
        ("COMMENT ON TABLE touchpoints IS 'One row a contact. [pd=none]'", "table touchpoints"),
        ("CREATE TABLE moods (subject_id uuid PRIMARY KEY)", "moods"),
    ],
    ids=[
        "a new column",
        "no comment",
        "no tag",
        "a tag that is not at the end",
        "no category",
        "an unknown fate",
        "a misspelt flag",
        "an unknown end",
        "a table without a comment",
        "purposes without a time",
        "purposes of which nobody knows how many are needed",
        "a table without its purposes",
        "a new table",
    ],
)
async def test_a_missing_tag_is_refused_by_name(database: Database, change: str, place: str) -> None:
    """A column or table that does not say what it holds stops the start, and the message says which."""
    await changed(database, change)
    with pytest.raises(TagMissing, match=place):
        await datamap.read(database)


async def test_tags_are_read_as_written(database: Database) -> None:
    """Category, flags and fate of a column; owner, key and purposes of a table."""
    await changed(
        database,
        'CREATE TABLE "odd ""name" '
        '(subject_id uuid, "Number" int, text bytea, friend uuid, PRIMARY KEY (subject_id, "Number"))',
        """COMMENT ON TABLE "odd ""name" IS 'Odd. [purposes=none]'""",
        """COMMENT ON COLUMN "odd ""name".subject_id IS 'Whose. [pd=pseudonym; subject; erase=delete]'""",
        """COMMENT ON COLUMN "odd ""name"."Number" IS 'Which; one of [1, 2]. [pd=none]'""",
        """COMMENT ON COLUMN "odd ""name".text IS 'What. [pd=request; sealed; erase=empty]'""",
        """COMMENT ON COLUMN "odd ""name".friend IS 'Whose friend. [pd=pseudonym; other; erase=delete]'""",
    )
    table = named(await datamap.read(database), 'odd "name')
    assert (table.purposes, table.key, table.erased) == (None, "Number", True)
    assert table.owner is not None
    assert table.owner.name == "subject_id"
    assert [(c.name, c.category, c.flags, c.erase) for c in table.columns] == [
        ("subject_id", "pseudonym", frozenset({"subject"}), "delete"),
        ("Number", None, frozenset(), "keep"),
        ("text", "request", frozenset({"sealed"}), "empty"),
        ("friend", "pseudonym", frozenset({"other"}), "delete"),
    ]
    assert [column.name for column in table.personal] == ["subject_id", "text", "friend"]
    assert [column.name for column in table.own] == ["subject_id", "text"]


async def test_an_erasure_does_to_a_column_what_its_tag_says(database: Database) -> None:
    """Deleted, emptied or kept, for this person only, in a table that nobody else has heard of."""
    ada, other = uuid4(), uuid4()
    await changed(
        database,
        "CREATE TABLE moods (subject_id uuid PRIMARY KEY, mood text)",
        "CREATE TABLE proofs (subject_id uuid PRIMARY KEY, text text, learnt text)",
        "CREATE TABLE missives (letter_id uuid PRIMARY KEY, lookups bytea[], text text)",
        "COMMENT ON TABLE moods IS 'Moods. [purposes=none]'",
        "COMMENT ON TABLE proofs IS 'Proofs. [purposes=none]'",
        "COMMENT ON TABLE missives IS 'Missives. [purposes=none]'",
        "COMMENT ON COLUMN moods.subject_id IS 'Whose. [pd=pseudonym; subject; erase=delete]'",
        "COMMENT ON COLUMN moods.mood IS 'Which. [pd=inference; erase=delete]'",
        "COMMENT ON COLUMN proofs.subject_id IS 'Whose. [pd=pseudonym; subject; erase=keep]'",
        "COMMENT ON COLUMN proofs.text IS 'What. [pd=consent; erase=empty]'",
        "COMMENT ON COLUMN proofs.learnt IS 'When. [pd=consent; erase=keep]'",
        "COMMENT ON COLUMN missives.letter_id IS 'Which. [pd=none]'",
        "COMMENT ON COLUMN missives.lookups IS 'Of whom. [pd=contact; lookups; erase=empty]'",
        "COMMENT ON COLUMN missives.text IS 'What. [pd=request; erase=empty]'",
    )
    found = await datamap.read(database)

    async def work(connection: Connection) -> dict[str, int]:
        await connection.execute("INSERT INTO moods VALUES ($1, 'good'), ($2, 'bad')", ada, other)
        await connection.execute("INSERT INTO proofs VALUES ($1, 'yes', 'now'), ($2, 'no', 'then')", ada, other)
        letters = "INSERT INTO missives VALUES ($1, $3, 'of ada'), ($2, $4, 'of another')"
        await connection.execute(letters, ada, other, [b"\x0a"], [b"\x0b"])
        return await found.erase(connection, Person(subject_id=ada, lookups=[b"\x0a"]))

    touched = await database.run("test.erase", work)
    assert {name: touched[name] for name in ("moods", "proofs", "missives")} == {"moods": 1, "proofs": 1, "missives": 1}
    assert await rows(database, "moods") == {other: ("bad",)}
    assert await rows(database, "proofs") == {ada: (None, "now"), other: ("no", "then")}
    assert await rows(database, "missives") == {ada: (None, None), other: ([b"\x0b"], "of another")}


ENDED = """
SELECT s AS subject_id, 'maps' AS purpose, '2026-03-02'::timestamptz AS before, false AS held, false AS over
FROM unnest($1::uuid[]) AS s
WHERE $2::text[] IS NOT NULL
"""
"""Everybody's data for maps has ended, if it is older than a day in March."""


async def test_a_deletion_does_to_a_row_what_its_tags_say(database: Database) -> None:
    """Rows that lack the one purpose they need, or one of all they need, are deleted or emptied, up to a number."""
    ada, other = uuid4(), uuid4()
    await changed(
        database,
        "CREATE TABLE walks (subject_id uuid, walk int, kept_for text[], walked date, PRIMARY KEY (subject_id, walk))",
        "CREATE TABLE routes (subject_id uuid PRIMARY KEY, uses text[], drawn date, route text, gone timestamptz)",
        "COMMENT ON TABLE walks IS 'Walks. [purposes=kept_for; since=walked; needs=one]'",
        "COMMENT ON COLUMN walks.subject_id IS 'Whose. [pd=pseudonym; subject; erase=delete]'",
        "COMMENT ON COLUMN walks.walk IS 'Which. [pd=none]'",
        "COMMENT ON COLUMN walks.kept_for IS 'Why. [pd=behaviour; erase=delete]'",
        "COMMENT ON COLUMN walks.walked IS 'When. [pd=behaviour; erase=delete]'",
        "COMMENT ON TABLE routes IS 'Routes. [purposes=uses; since=drawn; needs=all]'",
        "COMMENT ON COLUMN routes.subject_id IS 'Whose. [pd=pseudonym; subject; erase=delete]'",
        "COMMENT ON COLUMN routes.uses IS 'Why. [pd=inference; erase=delete]'",
        "COMMENT ON COLUMN routes.drawn IS 'When. [pd=inference; erase=delete]'",
        "COMMENT ON COLUMN routes.route IS 'Which. [pd=inference; ended=empty; erase=delete]'",
        "COMMENT ON COLUMN routes.gone IS 'Since when it is not known. [pd=inference; ended=date; erase=delete]'",
    )
    deletion = (await datamap.read(database)).deletion(ENDED)

    async def work(connection: Connection) -> list[int]:
        walks = [
            (ada, 1, ["maps"], "1"),
            (ada, 2, ["maps", "health"], "1"),
            (ada, 3, ["maps"], "2"),
            (other, 1, ["maps"], "1"),
        ]
        for subject_id, walk, kept_for, day in walks:
            statement = "INSERT INTO walks VALUES ($1, $2, $3, ('2026-03-0' || $4)::date)"
            await connection.execute(statement, subject_id, walk, kept_for, day)
        for subject_id in (ada, other):
            statement = "INSERT INTO routes VALUES ($1, '{maps,health}', '2026-03-01', 'up')"
            await connection.execute(statement, subject_id)
        return [await connection.fetchval(deletion, [ada], [], most) for most in (1, 9, 9)]

    assert await database.run("test.delete", work) == [1, 1, 0]
    left = await database.fetch("SELECT subject_id, walk FROM walks")
    assert {tuple(row) for row in left} == {(ada, 2), (ada, 3), (other, 1)}
    routes = {row["subject_id"]: (row["route"], row["gone"] is None) for row in await database.fetch("TABLE routes")}
    assert routes == {ada: (None, False), other: ("up", True)}
    assert await database.fetch("TABLE deletions") == []


async def rows(database: Database, table: str) -> dict[UUID, tuple[object, ...]]:
    """What a table holds, by its first column."""
    found = await database.fetch(f"SELECT * FROM {quoted(table)}")  # noqa: S608 - a name that a test writes
    return {row[0]: tuple(row[1:]) for row in found}
