"""Letters: posted with what they tell of, carried by any number of workers, handed over in secret, forgotten."""

import asyncio
import ssl
import stat
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from service.kernel import datamap
from service.kernel.crypto import Sealer, random_key
from service.kernel.database import Connection
from service.kernel.resealing import reseal
from service.recipients.mail.carriers import Carrier, Folder, MailServer, Nobody
from service.recipients.mail.commands import Post, post
from service.recipients.mail.model import Letter, NotNow, Undeliverable
from service.settings import SettingsRefused, from_environment
from service.subjects.keyfile import read_key_file
from tests.mailing import HOST, PASSWORD, USER, Inbox, certified, dropped, known, mail_server
from tests.planting import Planted, search_tables
from tests.running import Running

SENDER = "Bottega Sonora <privacy@bottega-sonora.example>"
TRUST = ssl.create_default_context()


def letter(address: str = "ada@example.com", text: str = "Perché no?\n") -> Letter:
    """A letter to somebody."""
    return Letter(uuid4(), "completed", "it", address, "La sua richiesta: è fatta", text)


class Carrying:
    """Notes whom it carried letters to."""

    def __init__(self) -> None:
        self.carried: list[tuple[UUID, str]] = []

    def carry(self, letter: Letter, letter_id: UUID) -> None:
        """Note the letter."""
        self.carried.append((letter_id, letter.address))


class Failing:
    """Carries nothing."""

    def carry(self, letter: Letter, letter_id: UUID) -> None:
        """Raise."""
        del letter, letter_id
        raise NotNow("the road is closed")


async def posted(service: Running, *letters: Letter) -> None:
    """Post letters."""
    await service.database.run("test.post", lambda c: post(c, service.desks.subjects.seal, letters))


def post_of(service: Running, carrier: Carrier) -> Post:
    """A worker of this service's with another carrier."""
    return Post(service.database, service.desks.post._sealer, carrier)


async def make_due(service: Running, change: str = "next_at = now() - interval '1 s'") -> None:
    """Let time pass for every letter."""
    await service.database.run("test.due", lambda c: c.execute(f"UPDATE letters SET {change}"))  # noqa: S608 - of this test


async def test_a_letter_is_a_file_in_development_and_gone_from_the_database(service: Running) -> None:
    """Development drops one JSON file a letter that only its owner reads; of a delivered one nothing is left."""
    one = letter()
    await posted(service, one)
    assert await service.desks.post.run() == 1
    (told,) = dropped(service.data_dir / "mail")
    assert told == {
        "request_id": str(one.request_id),
        "kind": "completed",
        "language": "it",
        "to": "ada@example.com",
        "subject": "La sua richiesta: è fatta",
        "text": "Perché no?\n",
    }
    (file,) = (service.data_dir / "mail").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert await service.count("letters") == 0
    assert await service.desks.post.run() == 0


async def test_a_letter_is_posted_exactly_if_what_it_tells_of_happened(service: Running) -> None:
    """A transaction that fails posts nothing."""

    async def work(connection: Connection) -> None:
        await post(connection, service.desks.subjects.seal, [letter()])
        raise KeyError

    with pytest.raises(KeyError):
        await service.database.run("test.fails", work)
    assert await service.count("letters") == 0


@pytest.mark.rule("I1")
async def test_no_address_is_in_the_database(service: Running) -> None:
    """No identifier in clear in any table, while letters wait: where they go and what they say is sealed."""
    planted = Planted()
    await posted(service, letter(planted.email["value"], f"Hello {planted.marker}"))
    connection = await asyncpg.connect(service.database_url)
    try:
        assert await search_tables(connection, planted) == []
    finally:
        await connection.close()


async def test_many_workers_carry_each_letter_once(service: Running) -> None:
    """Any number of workers share what is due; nothing is carried twice."""
    await posted(service, *(letter(f"ada{number}@example.com") for number in range(60)))
    carrying = Carrying()
    workers = [post_of(service, carrying) for _ in range(6)]
    assert sum(await asyncio.gather(*(worker.run() for worker in workers))) == 60
    assert len(set(carrying.carried)) == len(carrying.carried) == 60
    assert await service.count("letters") == 0


async def test_a_letter_whose_carrier_died_is_carried_by_the_next(service: Running) -> None:
    """A worker that is killed with a letter in its hands leaves it to another, once its lease has ended."""
    await posted(service, letter())
    held = asyncio.Event()

    class Dying(Post):
        async def _deliver(self, taken: object) -> bool:
            del taken
            held.set()
            return await asyncio.Event().wait()

    dying = asyncio.create_task(Dying(service.database, service.desks.post._sealer, Carrying()).run())
    await held.wait()
    dying.cancel()
    assert await post_of(service, carrying := Carrying()).run() == 0
    await make_due(service)
    assert await post_of(service, carrying).run() == 1
    assert len(carrying.carried) == 1


async def test_a_letter_that_fails_waits_longer_each_time_and_is_given_up(service: Running) -> None:
    """Whatever cannot be handed over is tried again later and later, and forgotten when it is of no use."""
    await posted(service, letter())
    waits: list[float] = []
    for _ in range(6):
        await make_due(service)
        assert await post_of(service, Failing()).run() == 0
        waits.append(
            await service.database.fetchval("SELECT extract(epoch FROM next_at - clock_timestamp()) FROM letters")
        )
    assert 2 < waits[0] <= 5
    assert waits[5] > 60
    assert await service.database.fetchval("SELECT attempts FROM letters") == 6
    await make_due(service, "next_at = now() - interval '2 s', until = now() - interval '1 s'")
    carrying = Carrying()
    assert await post_of(service, carrying).run() == 0
    assert (carrying.carried, await service.count("letters")) == ([], 0)


async def test_a_letter_that_was_changed_is_given_up(service: Running) -> None:
    """A sealed value from another place does not open, and keeps nobody else's letter waiting."""
    await posted(service, letter("ada@example.com"), letter("bob@example.com"))
    await make_due(
        service, "request_id = gen_random_uuid() WHERE letter_id = (SELECT min(letter_id::text)::uuid FROM letters)"
    )
    carrying = Carrying()
    assert await post_of(service, carrying).run() == 1
    assert await service.count("letters") == 0


async def test_a_letter_under_way_outlives_the_key_that_sealed_it(service: Running) -> None:
    """When the seal key is rotated letters are sealed anew, and opened by the new key alone."""
    await posted(service, one := letter())
    (old,) = [key.raw for key in read_key_file(service.desks.settings) if key.use == "seal"]
    key = random_key()
    both, new = Sealer(old), Sealer(key, 2)
    both.hold({1: old, 2: key}, 2)
    assert await reseal(service.database, await datamap.read(service.database), both, lambda *_: None) == 1
    carrying = Carrying()
    assert await Post(service.database, new, carrying).run() == 1
    assert [address for _, address in carrying.carried] == [one.address]


async def test_a_mail_server_gets_the_letter_over_tls(service: Running, tmp_path: Path) -> None:
    """Over STARTTLS or TLS from the start, signed in, as plain text that no robot answers."""
    shown, trust = certified(tmp_path)
    user = f"{USER}:{PASSWORD.replace('/', '%2F').replace(':', '%3A')}"
    for scheme, tls in (
        ("smtp", {"tls_context": shown, "require_starttls": True, "authenticator": known, "auth_required": True}),
        ("smtps", {"ssl_context": shown, "authenticator": known, "auth_require_tls": False}),
    ):
        inbox = Inbox()
        with mail_server(inbox, **tls) as port:
            await posted(service, letter("ada@bücher.example"))
            assert await post_of(service, MailServer(f"{scheme}://{user}@{HOST}:{port}", SENDER, trust)).run() == 1
        (got,) = inbox.letters
        assert inbox.encrypted == [True]
        assert inbox.addresses == [["ada@xn--bcher-kva.example"]]
        assert (got["From"], got["To"], got["Subject"]) == (
            SENDER,
            "ada@xn--bcher-kva.example",
            "La sua richiesta: è fatta",
        )
        assert (got["Auto-Submitted"], got.get_content_type()) == ("auto-generated", "text/plain")
        assert got.get_content_charset() == "utf-8"
        assert got.get_content().splitlines() == ["Perché no?"]
        assert got["Message-ID"].endswith("@bottega-sonora.example>")


def test_nothing_is_said_where_somebody_may_listen(tmp_path: Path) -> None:
    """Without STARTTLS, or with a certificate that nobody vouches for, no address leaves the house."""
    shown, _ = certified(tmp_path)
    inbox = Inbox()
    with mail_server(inbox) as port, pytest.raises(NotNow, match="NotSupported"):
        MailServer(f"smtp://{HOST}:{port}", SENDER, TRUST).carry(letter(), uuid4())
    with mail_server(inbox, tls_context=shown) as port, pytest.raises(NotNow, match="SSLCertVerification"):
        MailServer(f"smtp://{HOST}:{port}", SENDER, TRUST).carry(letter(), uuid4())
    with mail_server(inbox, ssl_context=shown) as port, pytest.raises(NotNow, match="SSLCertVerification"):
        MailServer(f"smtps://{HOST}:{port}", SENDER, TRUST).carry(letter(), uuid4())
    assert inbox.letters == []
    with mail_server(inbox) as port:
        MailServer(f"smtp+plain://{HOST}:{port}", SENDER, TRUST).carry(letter(), uuid4())
    assert inbox.encrypted == [False]


@pytest.mark.parametrize(
    ("reply", "problem"),
    [("550 no such person", Undeliverable), ("450 come back later", NotNow)],
)
def test_an_address_refused_for_good_is_not_tried_again(reply: str, problem: type[Exception]) -> None:
    """What a server says for good is believed; what it says for now is not; neither message repeats the address."""
    inbox = Inbox()
    inbox.refuses = reply
    with mail_server(inbox) as port, pytest.raises(problem, match=reply[:3]) as raised:
        MailServer(f"smtp+plain://{HOST}:{port}", SENDER, TRUST).carry(letter(), uuid4())
    assert "ada" not in str(raised.value)


@pytest.mark.parametrize(
    "address", ["ada@example.com\r\nBcc: eve@example.com", "ada@example.com, eve@example.com", "ada"]
)
def test_no_header_can_be_added(address: str) -> None:
    """A line end in an address or a subject adds no header and no reader."""
    inbox = Inbox()
    with mail_server(inbox) as port:
        server = MailServer(f"smtp+plain://{HOST}:{port}", SENDER, TRUST)
        with pytest.raises(Undeliverable):
            server.carry(letter(address), uuid4())
        sly = Letter(uuid4(), "code", "en", "ada@example.com", "Hi\r\nBcc: eve@example.com", "text")
        server.carry(sly, uuid4())
    (got,) = inbox.letters
    assert (got["Subject"], got["Bcc"]) == ("Hi Bcc: eve@example.com", None)
    assert inbox.addresses == [["ada@example.com"]]


def test_where_nobody_carries_letters_wait(tmp_path: Path) -> None:
    """Without a mail server nothing is lost; in a folder that cannot be written to, neither."""
    (tmp_path / "file").touch()
    for carrier in (Nobody(), Folder(tmp_path / "file")):
        with pytest.raises(NotNow):
            carrier.carry(letter(), uuid4())


@pytest.mark.parametrize(
    ("url", "sender"),
    [
        ("http://mail.example", "a@b.example"),
        ("smtp://", "a@b.example"),
        ("smtp://mail.example:99999", "a@b.example"),
        ("smtp://mail.example", ""),
        ("smtp://mail.example", "Shop"),
        ("smtp://mail.example", "Shop\n<a@b.example>"),
    ],
)
def test_a_mail_server_that_cannot_be_one_is_refused_at_the_start(url: str, sender: str) -> None:
    """The settings say what they must look like, and repeat nothing of what they are."""
    given = {"PLACET_SMTP_URL": url, "PLACET_MAIL_FROM": sender}
    with pytest.raises(SettingsRefused) as raised:
        from_environment(given)
    assert "mail.example" not in str(raised.value)


def test_settings_of_a_mail_server() -> None:
    """A mail server with a sender is taken, and its password shows itself to who asks by name."""
    for url in ("smtps://u:p@mail.example", "smtp://mail.example:587", "smtp+plain://10.0.0.1:25"):
        settings = from_environment({"PLACET_SMTP_URL": url, "PLACET_MAIL_FROM": SENDER})
        assert settings.smtp_url is not None
        assert (settings.smtp_url.reveal, "u:p" in repr(settings)) == (url, False)
