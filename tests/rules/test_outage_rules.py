"""The rules of a store that is gone, over HTTP."""

from pathlib import Path

import pytest

from tests.consenting import NOON, text
from tests.line import line
from tests.running import NOTICE, customer, refused, running, succeeded


@pytest.mark.rule("C20")
async def test_without_the_store_nothing_is_allowed_and_it_recovers(
    database_url: str, policies_dir: Path, tmp_path: Path
) -> None:
    """Store unreachable: not allowed, reason `unavailable`, told apart from refusal."""
    async with line(database_url) as to_it, running(to_it.url, policies_dir, tmp_path / "data") as service:
        await service.give(customer("gave"), "analytics")
        succeeded(await service.record(customer("refused"), {"analytics": "refused"}), 201)
        for _ in range(2):
            await to_it.cut()
            for subject in (customer("gave"), customer("refused"), customer("never seen")):
                question = {"subject": subject, "purposes": ["analytics", "service"]}
                answer = await service.post("/v1/consents/check", question)
                results = refused(answer, 503, "check-unavailable")["results"]
                assert set(results) == {"analytics", "service"}
                for verdict in results.values():
                    assert (verdict["allowed"], verdict["reason"], verdict["proof"]) == (False, "unavailable", None)
                assert answer.headers["Retry-After"] == "1"
            await to_it.mend()
            assert (await service.check(customer("gave"), "analytics"))["allowed"]
            assert (await service.check(customer("refused"), "analytics"))["reason"] == "refused"


@pytest.mark.rule("C20")
async def test_without_the_store_a_batch_is_answered_in_order(
    database_url: str, policies_dir: Path, tmp_path: Path
) -> None:
    """Store unreachable: not allowed, reason `unavailable`, for each question of a batch; a wrong one stays wrong."""
    questions = [
        {"subject": customer("gave"), "purposes": ["analytics"]},
        {"subject": customer("gave"), "purposes": ["ada@example.com"]},
        {"subject": customer("never seen"), "purposes": ["personalization", "service"]},
    ]
    async with line(database_url) as to_it, running(to_it.url, policies_dir, tmp_path / "data") as service:
        await service.give(customer("gave"), "analytics")
        await to_it.cut()
        answer = await service.post("/v1/consents/check/batch", {"checks": questions})
        results = refused(answer, 503, "check-unavailable")["results"]
        asked = [set(result.get("results", ())) for result in results]
        assert asked == [{"analytics"}, set(), {"personalization", "service"}]
        assert {v["reason"] for result in results for v in result.get("results", {}).values()} == {"unavailable"}
        assert results[1]["problem"]["status"] == 422
        assert "ada@example.com" not in answer.text
        await to_it.mend()
        succeeded(await service.post("/v1/consents/check/batch", {"checks": questions}))


@pytest.mark.rule("C20")
async def test_without_the_store_a_wrong_question_is_still_wrong(
    database_url: str, policies_dir: Path, tmp_path: Path
) -> None:
    """Store unreachable is told apart from a refusal, and a wrong question from both; nothing of it is echoed."""
    async with line(database_url) as to_it, running(to_it.url, policies_dir, tmp_path / "data") as service:
        await to_it.cut()
        for purposes in ([], ["ada@example.com"]):
            question = {"subject": customer(), "purposes": purposes}
            answer = await service.post("/v1/consents/check", question)
            refused(answer, 422, "question-refused")
            assert "ada@example.com" not in answer.text
        await to_it.mend()


@pytest.mark.rule("C20")
async def test_without_the_store_everything_says_so_and_nothing_breaks(
    database_url: str, policies_dir: Path, tmp_path: Path
) -> None:
    """Store unreachable: not ready, alive, each operation 503 with the time to ask again, and it recovers by itself."""
    async with line(database_url) as to_it, running(to_it.url, policies_dir, tmp_path / "data") as service:
        succeeded(await service.get("/health/ready"))
        await service.give(customer(), "analytics")
        subject = {"subject": customer()}
        await to_it.cut()
        refused(await service.get("/health/ready"), 503, "unavailable")
        succeeded(await service.get("/health/live"))
        touchpoint = subject | {"event": "purchase", "channel": "web", "occurred_at": text(NOON)}
        record = {"site": "shop", "decisions": {"analytics": "refused"}, "notice": NOTICE, "method": "form"}
        for path, body in {
            "/v1/consents": subject | record,
            "/v1/consents/withdraw": subject | {"purposes": "all", "site": "shop"},
            "/v1/touchpoints": {"touchpoints": [touchpoint]},
            "/v1/journeys/position": subject,
            "/v1/decisions": subject | {"site": "shop", "placements": ["home_hero"]},
            "/v1/rights/requests": {"right": "access", "identifiers": [customer()], "language": "en"},
            "/v1/cookies": None,
        }.items():
            answer = await service.post(path, body)
            refused(answer, 503, "unavailable")
            assert answer.headers["Retry-After"] == "1"
        refused(await service.browse("/v1/cookies"), 503, "unavailable")
        refused(await service.get("/v1/rights/requests", key=service.officers[0]), 503, "unavailable")
        await to_it.mend()
        succeeded(await service.get("/health/ready"))
        assert (await service.check(customer(), "analytics"))["allowed"]
