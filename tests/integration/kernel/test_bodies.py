"""A body is read strictly; what is wrong with it is told by its place, nothing is repeated, and nothing is stored."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.kernel.asking import (
    DECISION,
    FILING,
    MARKER,
    QUESTION,
    RECORD,
    SUBJECT,
    TIMES,
    TOUCHPOINT,
    problem,
    send,
)
from tests.running import NOTICE, Running, succeeded

LIMIT = 1024 * 1024

NOT_JSON: dict[str, bytes] = {
    "nothing": b"",
    "white space": b" \n",
    "a word": MARKER.encode(),
    "cut off": json.dumps(RECORD).encode()[:-1],
    "something after it": json.dumps(RECORD).encode() + b"{}",
    "a comma too many": b'{"subject": 1,}',
    "a comment": b"{} // " + MARKER.encode(),
    "single quotes": b"{'subject': 1}",
    "not a number": json.dumps(RECORD | {"minor": float("nan")}).encode(),
    "infinity": json.dumps(RECORD | {"minor": float("-inf")}).encode(),
    "a number beyond all": b'{"minor": 1e999}',
    "an integer that doubles round": b'{"minor": 9007199254740993}',
    "an integer without end": b'{"minor": ' + b"9" * 5000 + b"}",
    "latin-1": '{"site": "è"}'.encode("latin-1"),
    "utf-16": json.dumps(RECORD).encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + json.dumps(RECORD).encode(),
    "an overlong encoding": b'{"site": "\xc0\xaf"}',
    "an encoded surrogate": b'{"site": "\xed\xa0\x80"}',
    "a lone surrogate": b'{"site": "\\ud800"}',
    "NUL escaped": json.dumps(RECORD | {"site": f"{MARKER}\0"}).encode(),
    "NUL in a key": json.dumps(RECORD | {f"{MARKER}\0": 1}).encode(),
    "NUL as it is": b'{"site": "\0"}',
    "a control character": b'{"site": "\x01"}',
    "the same key twice": json.dumps(RECORD).encode()[:-1] + b', "method": "form"}',
    "the same key twice, once escaped": json.dumps(RECORD).encode()[:-1] + b', "m\\u0065thod": "form"}',
    "the same key twice, further in": json.dumps(RECORD)
    .encode()
    .replace(b'"id": "shop"', b'"id": "shop", "id": "shop"'),
    "lists in lists": b"[" * 100_000 + b"]" * 100_000,
    "objects in objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "lists that never end": b"[" * 100_000,
    "deep where nobody looks": json.dumps(RECORD).encode()[:-1] + b', "x": ' + b"[" * 40 + b"]" * 40 + b"}",
}


async def test_a_body_that_is_not_json_is_malformed(untouched: Running) -> None:
    """Each way of not being well-formed JSON (RFC 8259, 7493) is a 400 of its own sentence, and never a crash."""
    for name, content in NOT_JSON.items():
        answer = await send(untouched, "/v1/consents", content)
        assert answer.status_code == 400, (name, answer.text)
        problem(answer, 400, "malformed-body")


MISFITS: list[tuple[str, Any, str]] = [
    ("/v1/consents", [RECORD], "$"),
    ("/v1/consents", MARKER, "$"),
    ("/v1/consents", RECORD | {MARKER: 1}, "$"),
    ("/v1/consents", RECORD | {"subject": SUBJECT | {MARKER: 1}}, "$.subject"),
    ("/v1/consents", RECORD | {"subject": MARKER}, "$.subject"),
    ("/v1/consents", RECORD | {"subject": {"kind": "email"}}, "$.subject.value"),
    ("/v1/consents", RECORD | {"subject": SUBJECT | {"value": 5}}, "$.subject.value"),
    ("/v1/consents", RECORD | {"subject": SUBJECT | {"value": ""}}, "$.subject.value"),
    ("/v1/consents", RECORD | {"subject": SUBJECT | {"value": MARKER * 100}}, "$.subject.value"),
    ("/v1/consents", RECORD | {"subject": SUBJECT | {"kind": MARKER * 3}}, "$.subject.kind"),
    ("/v1/consents", {name: value for name, value in RECORD.items() if name != "site"}, "$.site"),
    ("/v1/consents", RECORD | {"site": None}, "$.site"),
    ("/v1/consents", RECORD | {"decisions": {}}, "$.decisions"),
    ("/v1/consents", RECORD | {"decisions": [MARKER]}, "$.decisions"),
    ("/v1/consents", RECORD | {"decisions": {"analytics": MARKER}}, "$.decisions[...]"),
    ("/v1/consents", RECORD | {"decisions": {"analytics": True}}, "$.decisions[...]"),
    ("/v1/consents", RECORD | {"decisions": {"": "given"}}, "$.decisions"),
    ("/v1/consents", RECORD | {"decisions": {f"p{n}": "given" for n in range(101)}}, "$.decisions"),
    ("/v1/consents", RECORD | {"notice": NOTICE | {"version": 1.0}}, "$.notice.version"),
    ("/v1/consents", RECORD | {"method": MARKER}, "$.method"),
    ("/v1/consents", RECORD | {"gpc": "true"}, "$.gpc"),
    ("/v1/consents", RECORD | {"gpc": 1}, "$.gpc"),
    ("/v1/consents", RECORD | {"guardian": {"identifier": SUBJECT}}, "$.guardian.verified_by"),
    ("/v1/consents", RECORD | {"evidence": {"screen": 5}}, "$.evidence[...]"),
    ("/v1/consents", RECORD | {"evidence": {"screen": MARKER * 100}}, "$.evidence[...]"),
    ("/v1/consents/withdraw", {"subject": SUBJECT, "site": "shop", "purposes": MARKER}, "$.purposes"),
    ("/v1/consents/withdraw", {"subject": SUBJECT, "site": "shop", "purposes": []}, "$.purposes"),
    ("/v1/consents/withdraw", {"subject": SUBJECT, "site": "shop"}, "$.purposes"),
    ("/v1/consents/check", {"purposes": ["analytics"]}, "$.subject"),
    ("/v1/consents/check", QUESTION | {"purposes": "analytics"}, "$.purposes"),
    ("/v1/consents/check", QUESTION | {"purposes": [5]}, "$.purposes[0]"),
    ("/v1/consents/check", QUESTION | {"at": "2026-03-01T00:00:00"}, "$.at"),
    ("/v1/consents/check", QUESTION | {"known_at": 1772366400}, "$.known_at"),
    ("/v1/consents/history", {}, "$.subject"),
    ("/v1/consents/status", {"subject": MARKER}, "$.subject"),
    ("/v1/consents/check/batch", {"checks": []}, "$.checks"),
    ("/v1/consents/check/batch", {"checks": [QUESTION] * 1001}, "$.checks"),
    ("/v1/consents/check/batch", {"checks": [QUESTION, QUESTION | {MARKER: 1}]}, "$.checks[1]"),
    ("/v1/touchpoints", {"touchpoints": []}, "$.touchpoints"),
    ("/v1/touchpoints", {"touchpoints": [TOUCHPOINT] * 501}, "$.touchpoints"),
    ("/v1/touchpoints", {"touchpoints": [TOUCHPOINT | {"sentiment": "2"}]}, "$.touchpoints[0].sentiment"),
    ("/v1/touchpoints", {"touchpoints": [TOUCHPOINT | {"sentiment": 1.5}]}, "$.touchpoints[0].sentiment"),
    ("/v1/touchpoints", {"touchpoints": [TOUCHPOINT | {"sentiment": 3}]}, "$.touchpoints[0].sentiment"),
    ("/v1/touchpoints", {"touchpoints": [TOUCHPOINT, TOUCHPOINT | {"event": MARKER}]}, "$.touchpoints[1].event"),
    (
        "/v1/touchpoints",
        {"touchpoints": [TOUCHPOINT | {"properties": {"query": [MARKER]}}]},
        "$.touchpoints[0].properties[...]",
    ),
    ("/v1/journeys/position", {"subject": SUBJECT, "journey": 5}, "$.journey"),
    ("/v1/decisions", DECISION | {"placements": []}, "$.placements"),
    ("/v1/decisions", DECISION | {"placements": ["home_hero"] * 21}, "$.placements"),
    ("/v1/decisions", DECISION | {"explain": "yes"}, "$.explain"),
    ("/v1/rights/requests", FILING | {"right": MARKER}, "$.right"),
    ("/v1/rights/requests", FILING | {"language": MARKER}, "$.language"),
    ("/v1/rights/requests", FILING | {"details": MARKER * 1000}, "$.details"),
    ("/v1/rights/requests", FILING | {"verified": {"note": MARKER}}, "$.verified.method"),
]


async def test_a_body_of_another_form_is_told_where(untouched: Running) -> None:
    """Unknown fields, missing fields, wrong types, wrong lengths: a 422 that names the place."""
    for path, body, place in MISFITS:
        problem(await untouched.post(path, body), 422, "invalid-body", place)


async def test_a_time_that_is_not_one_is_told_where(untouched: Running) -> None:
    """Naive, malformed, impossible and far-off times are refused, also those that could be guessed."""
    for time in TIMES:
        answer = await untouched.post("/v1/consents", RECORD | {"collected_at": time})
        problem(answer, 422, "invalid-body", "$.collected_at")
        answer = await untouched.post("/v1/touchpoints", {"touchpoints": [TOUCHPOINT | {"occurred_at": time}]})
        problem(answer, 422, "invalid-body", "$.touchpoints[0].occurred_at")


async def test_a_far_off_time_that_is_written_in_escapes_is_refused_too(untouched: Running) -> None:
    """Whatever spelling the string has."""
    content = json.dumps(RECORD | {"collected_at": "0001-01-01T00:00:00+23:59"}).encode()
    escaped = content.replace(b"0001-01-01T", b"\\u0030001-01-01T")
    assert escaped != content
    for spelling in (content, escaped):
        problem(await send(untouched, "/v1/consents", spelling), 422, "invalid-body", "$.collected_at")


async def test_an_unknown_word_is_told_where(untouched: Running) -> None:
    """Purposes, kinds, sites, notices, placements, channels, journeys, evidence, context: known words are listed."""
    touchpoints = {"touchpoints": [TOUCHPOINT, TOUCHPOINT | {"channel": "zq-ada"}]}
    for path, body, status, slug, *paths in (
        ("/v1/consents", RECORD | {"decisions": {MARKER: "given"}}, 422, "record-refused", "$.decisions"),
        ("/v1/consents", RECORD | {"site": MARKER}, 422, "record-refused", "$.site"),
        ("/v1/consents", RECORD | {"notice": NOTICE | {"id": MARKER}}, 422, "record-refused", "$.notice"),
        ("/v1/consents", RECORD | {"notice": NOTICE | {"version": MARKER}}, 422, "record-refused", "$.notice"),
        ("/v1/consents", RECORD | {"evidence": {MARKER: MARKER}}, 422, "record-refused", "$.evidence"),
        ("/v1/consents", RECORD | {"minor": True}, 422, "record-refused", "$.minor"),
        ("/v1/consents", RECORD | {"presented": MARKER}, 422, "record-refused", "$.presented"),
        ("/v1/consents", RECORD | {"subject": SUBJECT | {"kind": "zq-ada"}}, 422, "identifier-refused"),
        ("/v1/consents", RECORD | {"subject": None}, 422, "subject-missing"),
        ("/v1/consents/check", QUESTION | {"purposes": [MARKER]}, 422, "question-refused", "$.purposes"),
        ("/v1/consents/check", QUESTION | {"subject": {"kind": "email", "value": "zq-ada"}}, 422, "identifier-refused"),
        ("/v1/touchpoints", touchpoints, 422, "touchpoint-refused", "$.touchpoints[1].channel"),
        ("/v1/journeys/position", {"subject": SUBJECT, "journey": MARKER}, 422, "journey-unknown", "$.journey"),
        ("/v1/decisions", DECISION | {"site": MARKER}, 422, "decision-refused", "$.site"),
        ("/v1/decisions", DECISION | {"placements": ["home_hero", MARKER]}, 422, "decision-refused", "$.placements[1]"),
        ("/v1/decisions", DECISION | {"context": {MARKER: 1}}, 422, "decision-refused", "$.context"),
        ("/v1/decisions", DECISION | {"context": {"device": MARKER}}, 422, "decision-refused", "$.context.device"),
    ):
        problem(await untouched.post(path, body), status, slug, *paths)
    problem(await untouched.get(f"/v1/notices/{MARKER}"), 404, "site-unknown")


async def test_every_mistake_of_a_record_is_told_at_once(untouched: Running) -> None:
    """Nobody has to send a request three times to learn of three mistakes."""
    body = RECORD | {"decisions": {"service": "given"}, "method": "scroll", "minor": True, "evidence": {"zq-ada": "x"}}
    problem(
        await untouched.post("/v1/consents", body),
        422,
        "record-refused",
        "$.decisions",
        "$.evidence",
        "$.method",
        "$.minor",
    )


async def test_the_question_of_a_batch_that_is_wrong_fails_alone(untouched: Running) -> None:
    """With a problem of its own, in its place."""
    checks = [
        QUESTION,
        QUESTION | {"purposes": [MARKER]},
        QUESTION | {"subject": SUBJECT | {"kind": "zq-ada"}},
        QUESTION,
    ]
    answer = await untouched.post("/v1/consents/check/batch", {"checks": checks})
    results = succeeded(answer)["results"]
    assert [result.get("problem", {}).get("status") for result in results] == [None, 422, 422, None]
    assert "zq-ada" not in answer.text


def large(size: int) -> bytes:
    """A well-formed body of exactly this many bytes."""
    empty = len(json.dumps(RECORD | {"presented": ""}))
    return json.dumps(RECORD | {"presented": "x" * (size - empty)}).encode()


async def in_pieces(content: bytes) -> AsyncIterator[bytes]:
    """A body that does not say how large it is."""
    for start in range(0, len(content), 65536):
        yield content[start : start + 65536]


async def test_a_body_that_is_too_large_is_refused(untouched: Running) -> None:
    """Whether it says so beforehand or not, and whether it could be read or not."""
    for content in (large(LIMIT + 1), b"\0" * (2 * LIMIT)):
        problem(await send(untouched, "/v1/consents", content), 413, "payload-too-large")
        headers = {"Authorization": f"Bearer {untouched.secret_key}", "Content-Type": "application/json"}
        answer = await untouched.http.post("/v1/consents", content=in_pieces(content), headers=headers)
        problem(answer, 413, "payload-too-large")


async def test_a_body_at_the_limit_is_read(untouched: Running) -> None:
    """One mebibyte is allowed, and then refused for what it says."""
    problem(await send(untouched, "/v1/consents", large(LIMIT)), 422, "invalid-body", "$.presented")
    headers = {"Authorization": f"Bearer {untouched.secret_key}", "Content-Type": "application/json"}
    answer = await untouched.http.post("/v1/consents", content=in_pieces(large(LIMIT)), headers=headers)
    problem(answer, 422, "invalid-body", "$.presented")


async def test_a_huge_announcement_is_refused_before_the_body_comes(untouched: Running) -> None:
    """Nobody is kept waiting for ten gigabytes."""
    reader, writer = await asyncio.open_connection(untouched.http.base_url.host, untouched.http.base_url.port)
    head = f"POST /v1/consents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {untouched.secret_key}\r\n"
    writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 10000000000\r\n\r\n".encode())
    try:
        status = await asyncio.wait_for(reader.readline(), 10)
    finally:
        writer.close()
    assert status.startswith(b"HTTP/1.1 413 ")


async def test_a_caller_that_goes_away_is_no_crash(untouched: Running, caplog: pytest.LogCaptureFixture) -> None:
    """A body that ends early is the caller's fault, and nobody is woken for it."""
    caplog.set_level("INFO", logger="placet")
    _, writer = await asyncio.open_connection(untouched.http.base_url.host, untouched.http.base_url.port)
    head = f"POST /v1/consents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {untouched.secret_key}\r\n"
    writer.write(f'{head}Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{{"subject":'.encode())
    await writer.drain()
    writer.close()
    async with asyncio.timeout(10):
        while not (answered := [event.fields for event in caplog.records if event.msg == "request.answered"]):  # noqa: ASYNC110 - a log
            await asyncio.sleep(0.01)
    assert [fields["status"] for fields in answered] == [400]
    assert not [event for event in caplog.records if event.levelname == "ERROR"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/jsonp"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/json, text/plain"},
        {"Content-Type": MARKER},
        {"Content-Type": ""},
        {"Content-Encoding": "gzip"},
    ],
    ids=str,
)
async def test_a_body_of_another_media_type_is_refused(untouched: Running, headers: dict[str, str]) -> None:
    """Only JSON in UTF-8 is read, and only where it says so."""
    answer = await send(untouched, "/v1/consents", json.dumps(RECORD).encode(), **headers)
    problem(answer, 415, "unsupported-media-type")


async def test_a_body_that_does_not_say_what_it_is_is_refused(untouched: Running) -> None:
    """No media type is not JSON, and two are not either."""
    content, key = json.dumps(RECORD).encode(), ("Authorization", f"Bearer {untouched.secret_key}")
    for headers in ([key], [key, ("Content-Type", "application/json"), ("Content-Type", "text/plain")]):
        answer = await untouched.http.post("/v1/consents", content=content, headers=headers)
        problem(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize("media_type", ["application/json;charset=UTF-8", 'Application/JSON; charset="utf-8"'])
async def test_json_may_be_announced_in_any_spelling(service: Running, media_type: str) -> None:
    """Media types and charsets have no case (RFC 9110)."""
    content = json.dumps(QUESTION).encode()
    succeeded(await send(service, "/v1/consents/check", content, Content_Type=media_type))
