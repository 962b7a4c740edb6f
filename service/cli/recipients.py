"""`placet recipients`: whether recipients can be told, and the secrets with which they check who tells them."""

from collections.abc import Mapping, Sequence

import click
import msgspec
from msgspec import Struct

from service.cli.ending import NO, UNREACHABLE, USAGE, Stop, run, settings_of, told
from service.kernel.clock import system_now
from service.kernel.ids import new_id
from service.kernel.webhooks import signed
from service.ledger.rules import instant
from service.policy.load import load
from service.policy.model import Recipient
from service.recipients.delivery import TAKEN
from service.recipients.signatures import Signatures
from service.recipients.wire import Undelivered, Wire
from service.settings import Settings
from service.subjects.keyring import load_key_file

WHY = {
    "address_refused": "its name leads to an address of a private network; if it is yours, say private = true",
    "certificate": "its certificate is not one for this name that this machine trusts (SSL_CERT_FILE names others)",
    "malformed": "what answers there does not speak HTTP/1.1",
    "not_https": "its endpoint is http, which is for development with private = true",
    "timeout": "it did not answer within ten seconds",
    "unknown_host": "its name is not known here",
    "unreachable": "nothing can be connected to there",
}
"""What each failure is, in words."""
OUT_OF_REACH = frozenset({"timeout", "unknown_host", "unreachable"})


class Tried(Struct, frozen=True):
    """What became of a test message; `failure` is null where it was taken."""

    recipient: str
    endpoint: str
    address: str | None
    status: int | None
    milliseconds: int | None
    failure: str | None

    @property
    def sentence(self) -> str:
        """The same in words."""
        if self.status is None:
            return f"{self.recipient}: not told: {WHY[self.failure or '']}"
        verdict = "took" if self.failure is None else "refused"
        return f"{self.recipient}: {self.address} {verdict} it with status {self.status} after {self.milliseconds} ms"


@click.group()
def recipients() -> None:
    """Who else receives data, and is told of changes by signed webhooks: docs/recipients.md."""


@recipients.command()
@click.argument("recipient", required=False)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def test(recipient: str | None, as_json: bool) -> None:
    """Send a signed message of type `test` to one recipient, or to each that has an endpoint."""
    settings = settings_of()
    with told():
        signatures = Signatures(load_key_file(settings))
        chosen = _chosen(settings, recipient)
    tried = run(_try(settings, signatures, chosen))
    if as_json:
        click.echo(msgspec.json.encode({"recipients": tried, "public_keys": signatures.public}))
    else:
        click.echo("\n".join([*(one.sentence for one in tried), f"signed with {' '.join(signatures.public)}"]))
    failures = {one.failure for one in tried} - {None}
    if failures:
        raise Stop("Not every recipient was told.", UNREACHABLE if failures & OUT_OF_REACH else NO)


@recipients.command()
@click.argument("recipient")
def secret(recipient: str) -> None:
    """Print the secret that a recipient shares with this service (whsec_). Give it to that recipient alone."""
    settings = settings_of()
    with told():
        known = _named(load(settings.policies_dir).recipients, recipient)
        click.echo(Signatures(load_key_file(settings)).secret(known))


def _chosen(settings: Settings, name: str | None) -> list[Recipient]:
    """The recipients to be told: the one that is named, or all that can be."""
    known = load(settings.policies_dir).recipients
    chosen = [one for one in known.values() if one.endpoint] if name is None else [_named(known, name)]
    if not chosen or not all(one.endpoint for one in chosen):
        raise Stop("There is nobody to tell: give recipients an endpoint in recipients.toml.", USAGE)
    return chosen


def _named(known: Mapping[str, Recipient], name: str) -> Recipient:
    if name not in known:
        raise Stop(f"There is no recipient {name}; recipients.toml has {', '.join(sorted(known))}.", USAGE)
    return known[name]


async def _try(settings: Settings, signatures: Signatures, chosen: Sequence[Recipient]) -> list[Tried]:
    wire = Wire(development=settings.development)
    return [await _tell(wire, signatures, recipient) for recipient in chosen]


async def _tell(wire: Wire, signatures: Signatures, recipient: Recipient) -> Tried:
    now, endpoint = system_now(), recipient.endpoint or ""
    body = msgspec.json.encode({"type": "test", "timestamp": instant(now), "data": {}})
    headers = signed(str(new_id()), now, body, signatures.signing(recipient))
    try:
        taken = await wire.post(endpoint, headers, body, private=recipient.private)
    except Undelivered as undelivered:
        return Tried(recipient.id, endpoint, None, None, None, undelivered.why)
    failure = None if taken.status in TAKEN else f"status_{taken.status}"
    return Tried(recipient.id, endpoint, taken.address, taken.status, round(taken.seconds * 1000), failure)
