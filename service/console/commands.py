"""The verbs of the console: log in, log out."""

from functools import partial
from uuid import UUID

from litestar.types import Scope

from service.kernel import sessions
from service.kernel.auth import Gate
from service.kernel.database import Database
from service.kernel.problem import Unauthenticated
from service.kernel.sessions import Opened


class LoginDesk:
    """Lets officers in and out."""

    def __init__(self, *, database: Database, gate: Gate, home: str) -> None:
        self._database = database
        self._gate = gate
        self._home = home
        self._secure = home.startswith("https")

    async def log_in(self, token: str) -> Opened:
        """A session for the officer whose token it is; raises `Unauthenticated`, alike for whatever is none."""
        if not token.startswith("ot_"):
            raise Unauthenticated("This is no officer's token; `placet officers add` makes one.")
        officer = await self._gate.holder(token)
        begin = partial(sessions.begin, officer_id=UUID(officer.principal_id))
        return await self._database.run("console.log_in", begin)

    async def log_out(self, scope: Scope) -> None:
        """End the session of a page of ours; where there is none, nothing happens. Raises `Forbidden` (S7)."""
        sessions.require_own_page(scope, self._home)
        if secret := sessions.cookie_in(scope):
            await self._database.run("console.log_out", partial(sessions.end, secret=secret))

    def cookie(self, opened: Opened) -> str:
        """The header that puts a session into the browser."""
        return sessions.cookie_of(opened.secret, int(sessions.LONGEST.total_seconds()), secure=self._secure)

    def no_cookie(self) -> str:
        """The header that takes it out again."""
        return sessions.cookie_of("", 0, secure=self._secure)
