"""One POST: to the address that was checked and no other, for so long and no longer, and of its answer the status."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from service.recipients.wire import MOST_BYTES, Undelivered, Wire, addresses_of
from tests.certifying import certified
from tests.receiving import OK, Receiver, hang, receiving

HEADERS = {"webhook-id": "1"}
BODY = b"{}"
TEN_GIGABYTES = 10 * 1024**3
ZEROS = bytes(64 * 1024)


class Resolver:
    """Says other addresses each time it is asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.asked: list[str] = []
        self._answers = iter(answers)

    async def __call__(self, host: str, _port: int) -> Sequence[str]:
        """The next answer."""
        self.asked.append(host)
        return next(self._answers)


async def status(receiver: Receiver, *, private: bool = True, endpoint: str = "", **how: Any) -> int:
    """The status of the answer of a recipient."""
    taken = await Wire(development=True, **how).post(endpoint or receiver.endpoint, HEADERS, BODY, private=private)
    assert taken.address == "127.0.0.1"
    return taken.status


async def failure(receiver: Receiver, **how: Any) -> str:
    """Why a recipient could not be told."""
    with pytest.raises(Undelivered) as raised:
        await status(receiver, **how)
    return raised.value.why


async def test_a_message_arrives_whole() -> None:
    """Path, headers and body; the answer is its status."""
    async with receiving() as receiver:
        assert await status(receiver) == 204
    (received,) = receiver.received
    assert (received.path, received.body, received.message_id) == ("/changes", BODY, "1")
    assert received.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert received.headers["user-agent"].startswith("Placet/")


@pytest.mark.rule("S3")
async def test_a_private_address_is_refused_before_it_is_connected_to() -> None:
    """By number or by name; one such address among a name's others is enough."""
    async with receiving() as receiver:
        assert await failure(receiver, private=False) == "not_https"
        for found in (["127.0.0.1"], ["93.184.215.14", "10.0.0.1"], ["::ffff:127.0.0.1"], []):
            wire = Wire(development=False, resolve=Resolver(found))
            with pytest.raises(Undelivered, match="address_refused"):
                await wire.post(f"https://crm.example:{receiver.port}/", HEADERS, BODY, private=False)
        assert receiver.received == []


@pytest.mark.rule("S3")
async def test_a_name_that_changes_its_mind_is_asked_once() -> None:
    """What is connected to is the address that was checked: there is no second answer to rebind to."""
    resolver = Resolver(["127.0.0.1"], ["127.0.0.2"])
    async with receiving() as receiver:
        endpoint = f"http://crm.example:{receiver.port}/"
        assert await status(receiver, endpoint=endpoint, resolve=resolver) == 204
    assert resolver.asked == ["crm.example"]
    assert receiver.received[0].headers["host"] == f"crm.example:{receiver.port}"


@pytest.mark.rule("S3")
async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    """Not even to the same machine."""
    async with receiving() as receiver, receiving() as elsewhere:
        receiver.answer = f"HTTP/1.1 307 Go\r\nLocation: {elsewhere.endpoint}\r\nContent-Length: 0\r\n\r\n".encode()
        assert await status(receiver) == 307
        assert elsewhere.received == []


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address that was checked is the one that is spoken to."""
    async with receiving() as receiver, receiving() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.endpoint)
        assert await status(receiver) == 204
        assert proxy.received == []


async def test_who_hangs_is_waited_for_so_long_and_no_longer() -> None:
    """Whether nothing comes at all, or a little now and again."""

    async def drip(_: Any, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            await asyncio.sleep(0.01)

    for answer in (hang, drip):
        async with receiving() as receiver:
            receiver.answer = answer
            assert await failure(receiver, deadline=timedelta(seconds=0.2)) == "timeout"


async def test_ten_gigabytes_cost_no_more_than_a_few_pages() -> None:
    """The answer is read to 64 KiB and dropped, and the connection closed."""
    sent = 0

    async def flood(_: Any, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {TEN_GIGABYTES}\r\n\r\n".encode())
        while sent < TEN_GIGABYTES and not writer.is_closing():
            writer.write(ZEROS)
            await writer.drain()
            sent += len(ZEROS)

    async with receiving() as receiver:
        receiver.answer = flood
        assert await status(receiver) == 200
    assert MOST_BYTES <= sent < 100 * MOST_BYTES


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"a" * 70_000, "malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "malformed"),
        (b"", "malformed"),
    ],
)
async def test_what_is_no_answer_is_a_failure(answer: bytes, why: str) -> None:
    """Another protocol, headers without an end, half an answer, and none."""
    async with receiving() as receiver:
        receiver.answer = answer
        assert await failure(receiver) == why


async def test_who_is_not_there_is_a_failure() -> None:
    """Nobody listens, or nobody knows the name."""
    async with receiving() as receiver:
        pass
    assert await failure(receiver) == "unreachable"
    assert await failure(receiver, endpoint="https://nobody.invalid/") in {"unknown_host", "address_refused"}


async def test_another_address_is_tried_where_one_does_not_answer() -> None:
    """A name with an address that is not routed here is reached at its other one."""
    async with receiving() as receiver:
        endpoint = f"http://crm.example:{receiver.port}/"
        assert await status(receiver, endpoint=endpoint, resolve=Resolver(["::1", "127.0.0.1"])) == 204


@pytest.mark.rule("S3")
async def test_the_certificate_must_be_that_of_the_name(tmp_path: Path) -> None:
    """Although the connection is to an address, what is asked for and believed is the name."""
    server, client = certified(tmp_path, "crm.example")
    _, other = certified(tmp_path, "other.example")
    resolver = Resolver(*[["127.0.0.1"]] * 4)
    async with receiving(server) as receiver:
        endpoint = f"https://crm.example:{receiver.port}/"
        assert await status(receiver, endpoint=endpoint, resolve=resolver, context=client) == 204
        assert await failure(receiver, endpoint=endpoint, resolve=resolver, context=other) == "certificate"
        assert await failure(receiver, endpoint=endpoint, resolve=resolver) == "certificate"
        endpoint = f"https://other.example:{receiver.port}/"
        assert await failure(receiver, endpoint=endpoint, resolve=resolver, context=client) == "certificate"
    assert len(receiver.received) == 1


async def test_http_is_for_development_only() -> None:
    """Not even a recipient that is declared private is told anything in the clear."""
    async with receiving() as receiver:
        receiver.answer = OK
        with pytest.raises(Undelivered, match="not_https"):
            await Wire(development=False).post(receiver.endpoint, HEADERS, BODY, private=True)
        assert receiver.received == []


async def test_a_host_is_resolved_to_each_address_once() -> None:
    """As the machine resolves it, also what is a number in disguise."""
    assert await addresses_of("127.0.0.1", 443) == ["127.0.0.1"]
    assert await addresses_of("2130706433", 443) == ["127.0.0.1"]
