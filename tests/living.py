"""A life with the service, and what can go wrong in it, with a marker wherever a person says something."""

from datetime import UTC, datetime
from typing import Any

from tests.consenting import ON_CONSENT, of_cookie, text, visitor
from tests.filing import REQUESTS, approve_all, fetch, file, filing, package
from tests.linking import LINK, UNLINK
from tests.planting import Planted
from tests.reporting import report
from tests.running import NOTICE, Running, customer, succeeded

PROPER = {"kind": "email", "value": "proper@example.com"}


async def live(service: Running, planted: Planted) -> None:
    """Everything that one person can do, with a marker in every place that takes something of theirs."""
    cookie, grant = await visitor(service)
    planted.cookies.append(cookie)
    evidence = {"evidence": {"screen": planted.marker, "document": planted.marker}}
    headers = {"Idempotency-Key": f"key {planted.marker}"}
    succeeded(await service.browse("/v1/consents", grant | evidence, cookie=cookie, headers=headers), 201)
    now = text(datetime.now(UTC))
    for subject in (planted.email, planted.phone, planted.customer):
        own = {"Idempotency-Key": f"{planted.marker} {subject['kind']}"}
        await service.give(subject, *ON_CONSENT, headers=own, **evidence)
        assert (await service.check(subject, "analytics"))["allowed"]
        properties = {"query": planted.marker, "product": planted.digits}
        touched = await service.touch(subject, "purchase", now, id=planted.marker, properties=properties)
        assert touched["outcome"] == "stored"
        decided = (await service.decide(subject, "home_hero", "product_sidebar"))[0]
        assert decided["mode"] == "profiled"
        assert await report(service, decided["token"], "impression", "dismissal") == ["stored", "stored"]
        succeeded(await service.post("/v1/journeys/position", {"subject": subject}))
        details = f"I am {planted.email['value']}, {planted.phone['value']}, {planted.digits}"
        await file(service, "access", subject, details=details, verified={"method": planted.marker, "note": details})
        asked = succeeded(await service.post(REQUESTS, filing("access", subject, verified=None, details=details)), 202)
        vouching = {"note": f"showed a card of {planted.marker}"}
        path = f"{REQUESTS}/{asked['request_id']}/verify"
        succeeded(await service.post(path, vouching, key=service.officers[0]))
        succeeded(await service.get(f"{REQUESTS}/{asked['request_id']}", key=service.officers[0]))
        succeeded(await service.get(REQUESTS, key=service.officers[0]))
        for path in ("/v1/consents/history", "/v1/consents/status"):
            succeeded(await service.post(path, {"subject": subject}))
        since = text(datetime.now(UTC))
        assert (await service.check(subject, "analytics", at=since, known_at=since))["allowed"]
    named = {"recipient": "crm", "subjects": [planted.email, planted.phone, planted.customer]}
    assert None not in succeeded(await service.post("/v1/pseudonyms", named))["pseudonyms"]
    await protected(service, planted.customer)
    await imported(service, planted)
    await service.withdraw(planted.phone)
    linking = {"anonymous": of_cookie(cookie), "known": planted.phone}
    succeeded(await service.post(LINK, linking, headers={"Idempotency-Key": f"link {planted.marker}"}))
    await parted(service, planted, cookie)
    own = await package(service, planted.email, planted.phone, planted.customer, {"kind": "cookie", "value": cookie})
    assert planted.marker.encode() in own.read("data.json")
    await exercised(service, planted)
    gone = customer(f"gone {planted.marker}")
    await service.give(gone, "analytics", **evidence)
    erasure = (await file(service, "erasure", gone, details=planted.marker))["request_id"]
    await approve_all(service, erasure)
    await fetch(service, erasure, "certificate")  # it is not there while a recipient has not answered
    succeeded(await service.post("/v1/bundles", key=service.officers[0]))


async def parted(service: Running, planted: Planted, cookie: str) -> None:
    """A link is undone and made again, and the visitor signs out."""
    succeeded(await service.post(UNLINK, {"identifier": of_cookie(cookie)}))
    succeeded(await service.post(LINK, {"anonymous": of_cookie(cookie), "known": planted.phone}))
    fresh = succeeded(await service.browse("/v1/cookies", cookie=cookie), 201)["value"]
    planted.cookies.append(fresh)


async def protected(service: Running, subject: dict[str, str]) -> None:
    """What somebody can do whatever they consented to."""
    own = {"Idempotency-Key": f"objection {subject['value']}"}
    body = {"subject": subject, "purposes": ["marketing_email"]}
    succeeded(await service.post("/v1/objections", body, headers=own), 201)
    for path, more, status in (("/v1/restrictions", {}, 201), ("/v1/restrictions/lift", {"told": "by letter"}, 200)):
        succeeded(await service.post(path, {"subject": subject, **more}, key=service.officers[0]), status)


async def exercised(service: Running, planted: Planted) -> None:
    """Every right but those that are served by a package, in every way in which a request ends."""
    officer, said = service.officers[0], f"about {planted.marker} and {planted.email['value']}"
    wrong, right = (customer(f"{word} {planted.marker}") for word in ("wrong", "right"))
    await service.give(wrong, "analytics")
    asked: dict[str, dict[str, Any]] = {
        "rectification": {"replacement": right},
        "restriction": {"grounds": said},
        "objection": {"purposes": ["analytics", "marketing_email"], "grounds": said},
    }
    for kind, more in asked.items():
        request_id = (await file(service, kind, wrong, details=said, **more))["request_id"]
        path = f"{REQUESTS}/{request_id}"
        succeeded(await service.post(f"{path}/extend", {"reason": said}, key=officer))
        assert (await approve_all(service, request_id))["state"] == "completed"
        if kind == "restriction":
            assert succeeded(await service.post(f"{path}/lift", {"told": said}, key=officer))["lifted"]
    refusal = {"reason": "excessive", "text": said}
    request_id = (await file(service, "restriction", planted.email, grounds=said))["request_id"]
    succeeded(await service.post(f"{REQUESTS}/{request_id}/refuse", refusal, key=officer))
    request_id = (await file(service, "rectification", planted.email, replacement=PROPER, details=said))["request_id"]
    succeeded(await service.post(f"{REQUESTS}/{request_id}/cancel"))


async def imported(service: Running, planted: Planted) -> None:
    """Consent that was collected elsewhere, on a text of elsewhere, for a minor whose guardian is named."""
    guardian = {"identifier": planted.email, "verified_by": planted.marker}
    minor = customer(f"minor {planted.marker}")
    more: dict[str, Any] = {
        "method": "import",
        "minor": True,
        "guardian": guardian,
        "evidence": {"screen": planted.marker},
    }
    elsewhere = {"notice_text": "A text that was shown elsewhere.", "collected_at": "2026-01-15T08:30:00Z"}
    await service.give(minor, "analytics", **more, **elsewhere)


async def go_wrong(service: Running, planted: Planted) -> None:
    """Requests that fail, each with a marker where it fails."""
    marker = planted.marker
    record = {"site": "shop", "decisions": {"analytics": "given"}, "notice": NOTICE, "method": "form"}
    wrong: list[dict[str, Any]] = [
        {"subject": {"kind": "email", "value": f"{marker}@@example.com"}},
        {"subject": {"kind": "phone", "value": f"+39 {planted.digits} ext {marker}"}},
        {"subject": {"kind": "cookie", "value": marker}},
        {"subject": {"kind": "customer_id", "value": marker * 20}},
        {"subject": {"kind": marker, "value": marker}},
        {"subject": planted.email, marker: marker},
        {"subject": planted.email | {marker: marker}},
        {"subject": marker},
        {"subject": planted.email, "site": marker},
        {"subject": planted.email, "decisions": {marker: "given"}},
        {"subject": planted.email, "decisions": {"analytics": marker}},
        {"subject": planted.email, "notice": {"id": marker, "version": marker, "language": marker}},
        {"subject": planted.email, "method": marker},
        {"subject": planted.email, "presented": marker},
        {"subject": planted.email, "collected_at": marker},
        {"subject": planted.email, "evidence": {marker: marker}},
    ]
    for body in wrong:
        assert 400 <= (await service.post("/v1/consents", record | body)).status_code < 500
    for path in (f"/v1/{marker}", f"/{marker}@example.com", f"/v1/notices/{marker}", f"/v1/rights/requests/{marker}"):
        assert (await service.get(path, key=service.officers[0])).status_code == 404
    question = {"subject": planted.email, "purposes": ["analytics"]}
    credentials = [{"Authorization": f"Bearer {credential}"} for credential in (marker, f"sk_{marker}_{marker}")]
    for headers in (*credentials, {"Placet-Now": marker}):
        answer = await service.post("/v1/consents/check", question, headers=headers)
        assert answer.status_code in {401, 403, 422}
    for body in (
        {"anonymous": planted.email, "known": planted.email},
        {"anonymous": of_cookie(marker), "known": marker},
    ):
        assert (await service.post(LINK, body)).status_code == 422
    assert (await service.post(UNLINK, {"identifier": of_cookie(marker)})).status_code == 422
    batch = {"checks": [question, {"subject": {"kind": "email", "value": marker}, "purposes": [marker]}]}
    succeeded(await service.post("/v1/consents/check/batch", batch))
    await service.browse("/v1/consents", record, cookie=marker)
    await service.browse("/v1/consents", record, origin=f"http://{marker}.example")
    touchpoint = {"subject": planted.email, "event": marker.upper(), "channel": marker, "occurred_at": marker}
    assert (await service.post("/v1/touchpoints", {"touchpoints": [touchpoint]})).status_code == 422
    decision = {"subject": planted.email, "site": "shop", "placements": [marker], "context": {marker: marker}}
    assert (await service.post("/v1/decisions", decision)).status_code == 422
    content = f'{{"subject": "{marker}'.encode()
    key = {"Authorization": f"Bearer {service.secret_key}", "Content-Type": "application/json"}
    assert (await service.http.post("/v1/consents", content=content, headers=key)).status_code == 400
