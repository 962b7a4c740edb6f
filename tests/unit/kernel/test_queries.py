"""SQL by name, and several changes in one statement."""

from service.kernel.queries import together


def test_changes_made_together_keep_their_parameters_apart() -> None:
    """Each counts its own from one; together those of the second follow those of the first."""
    one, other = "INSERT INTO a SELECT $1, $2", "UPDATE b SET c = $2 WHERE d = $1 AND e = $10"
    assert together(one, other) == (
        "WITH change_0 AS (\nINSERT INTO a SELECT $1, $2\n)\nUPDATE b SET c = $4 WHERE d = $3 AND e = $12"
    )


def test_the_last_change_may_have_parts_of_its_own() -> None:
    """PostgreSQL takes parts that change something at the top of a statement alone."""
    last = "-- what it is for\nWITH a AS (INSERT INTO b SELECT $1 RETURNING c)\nINSERT INTO d SELECT c FROM a"
    assert together("DELETE FROM e WHERE f = $1", last) == (
        "WITH change_0 AS (\nDELETE FROM e WHERE f = $1\n),\n"
        "a AS (INSERT INTO b SELECT $2 RETURNING c)\nINSERT INTO d SELECT c FROM a"
    )


def test_one_change_stays_as_it_is() -> None:
    """There is nothing to put together."""
    assert together("DELETE FROM a WHERE b = $1") == "DELETE FROM a WHERE b = $1"
