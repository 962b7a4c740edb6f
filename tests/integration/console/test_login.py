"""Officers log in, and the gravest steps ask that it was not long ago."""

import httpx

from service.kernel import sessions
from tests.filing import REQUESTS, file
from tests.running import Running, customer, refused, succeeded


class Officer:
    """An officer's browser, at our own pages unless said otherwise."""

    def __init__(self, service: Running, cookie: str) -> None:
        self._http = service.http
        self._cookie = f"{sessions.COOKIE}={cookie}"
        self.home = service.desks.settings.origin

    async def post(self, path: str, origin: str | None = None) -> httpx.Response:
        """POST without a token, from a page."""
        return await self._http.post(path, headers={"Cookie": self._cookie, "Origin": origin or self.home})

    async def get(self, path: str) -> httpx.Response:
        """GET without a token."""
        return await self._http.get(path, headers={"Cookie": self._cookie})


async def log_in(service: Running) -> Officer:
    """Log in as the second officer."""
    answer = await service.http.post("/console/login", json={"token": service.officers[1]})
    assert answer.status_code == 204
    service.http.cookies.clear()
    assert "HttpOnly; SameSite=Strict" in answer.headers["set-cookie"]
    return Officer(service, answer.cookies[sessions.COOKIE])


async def change(service: Running, statement: str) -> None:
    """Change the database beneath the service."""
    await service.database.run("test.change", lambda connection: connection.execute(statement))


async def test_a_session_does_what_its_officer_may(service: Running) -> None:
    """The cookie of a login stands for the officer's token, and the session's secret is nowhere in the database."""
    officer = await log_in(service)
    request_id = (await file(service, "access", customer()))["request_id"]
    assert succeeded(await officer.get(f"{REQUESTS}/{request_id}"))["state"] == "open"
    assert succeeded(await officer.post(f"{REQUESTS}/{request_id}/approve"))["state"] == "running"
    (row,) = await service.database.fetch("SELECT s::text AS all FROM officer_sessions s")
    assert officer._cookie.partition("=")[2] not in row["all"]


async def test_approving_needs_a_login_of_a_moment_ago(service: Running) -> None:
    """A session that is older than ten minutes reads on, and approves nothing until its officer logs in again."""
    officer = await log_in(service)
    request_id = (await file(service, "access", customer()))["request_id"]
    await change(service, "UPDATE officer_sessions SET logged_in_at = logged_in_at - interval '11 minutes'")
    refused(await officer.post(f"{REQUESTS}/{request_id}/approve"), 403, "login-stale")
    assert succeeded(await officer.get(f"{REQUESTS}/{request_id}"))["approved_by"] == []
    again = await log_in(service)
    assert succeeded(await again.post(f"{REQUESTS}/{request_id}/approve"))["state"] == "running"


async def test_a_page_of_another_site_cannot_use_a_session(service: Running) -> None:
    """A change that a page elsewhere sends along with the cookie is refused, whatever a browser lets through."""
    officer = await log_in(service)
    request_id = (await file(service, "access", customer()))["request_id"]
    elsewhere = "https://elsewhere.example"
    refused(await officer.post("/console/logout", origin=elsewhere), 403, "forbidden")
    answer = await officer.post(f"{REQUESTS}/{request_id}/approve", origin=elsewhere)
    refused(answer, 403, "forbidden")


async def test_a_session_ends(service: Running) -> None:
    """A session is refused after a logout, after its time, and once its officer is revoked."""
    left, late, revoked = [await log_in(service) for _ in range(3)]
    assert (await left.post("/console/logout")).status_code == 204
    assert (await left.get(REQUESTS)).status_code == 401
    assert (await late.get(REQUESTS)).status_code == 200
    await change(service, "UPDATE officer_sessions SET expires_at = clock_timestamp()")
    assert (await late.get(REQUESTS)).status_code == 401
    await change(service, "UPDATE officer_sessions SET expires_at = clock_timestamp() + interval '1 hour'")
    await change(service, "UPDATE officers SET revoked_at = clock_timestamp()")
    assert (await revoked.get(REQUESTS)).status_code == 401


async def test_only_an_officers_token_logs_in(service: Running) -> None:
    """A key of a server or a browser, a changed token, and nonsense are refused alike."""
    for token in (service.secret_key, service.browser_key, service.officers[0][:-4] + "AAAA", "ot_", "nonsense"):
        assert (await service.http.post("/console/login", json={"token": token})).status_code == 401
    for cookie in ("", "nonsense", "A" * 43):
        assert (await service.http.get(REQUESTS, headers={"Cookie": f"{sessions.COOKIE}={cookie}"})).status_code == 401
