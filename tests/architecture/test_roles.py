"""The roles of the database: a new table is granted to somebody on purpose, or it is not used."""

import asyncpg

from tests.granting import ROLES, grant

UNGRANTED = """
SELECT tablename FROM pg_tables
WHERE schemaname = 'public' AND NOT EXISTS (
    SELECT FROM information_schema.role_table_grants
    WHERE table_schema = 'public' AND table_name = tablename AND grantee = ANY($1)
        AND (grantee, privilege_type) <> ('placet_erasure', 'SELECT')
)
"""
TO_EVERYBODY = (
    "SELECT table_name FROM information_schema.role_table_grants WHERE grantee = 'PUBLIC' AND table_schema = 'public'"
)


async def test_every_table_is_granted_to_a_role(database_url: str) -> None:
    """A table of a migration has a line in migrations/roles.sql: without one the service could not use it."""
    await grant(database_url)
    connection = await asyncpg.connect(database_url)
    try:
        assert [row[0] for row in await connection.fetch(UNGRANTED, list(ROLES))] == []
        assert [row[0] for row in await connection.fetch(TO_EVERYBODY)] == []
    finally:
        await connection.close()
