"""`python -m benchmarks.primitives`: what one person's cryptography and a rule cost, in microseconds on one processor.

Each is the best of five turns, with real keys and the bundle that ships; no database takes part.
"""

import timeit
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from benchmarks.load import CALLER, KIND, PURPOSES, SITE
from benchmarks.shop import CROWD, decision, policies
from service.consent.model import Choice, Method, NoticeShown, Record
from service.consent.receipts import Receipts
from service.consent.recording import CONSENT
from service.consent.statement import recordable
from service.kernel.clock import system_now
from service.kernel.crypto import Sealer, random_key
from service.kernel.database import Database
from service.kernel.ids import new_id
from service.ledger import rules
from service.ledger.model import Entry
from service.policy.commands import ActivePolicy
from service.policy.expression import Facts, compile_rule
from service.policy.load import load
from service.policy.model import Bundle
from service.settings import Settings
from service.subjects.commands import Subjects
from service.subjects.keyfile import create_key_file
from service.subjects.keyring import Keyring, load_key_file
from service.subjects.keys.commands import SubjectKeys
from service.subjects.model import Identifier

TURNS, CALLS, FEW_CALLS = 5, 2000, 50
IDENTIFIER = Identifier(kind=KIND, value="benchmark-1")
FACTS: Facts = {"product_views": 4.0, "page_category": "records", "device": "desktop"}
EVIDENCE = b'{"screen":"banner-a"}'


def main() -> None:
    """Measure, and print a table."""
    with TemporaryDirectory(prefix="placet-primitives-") as name:
        settings = Settings(environment="development", data_dir=Path(name))
        create_key_file(settings)
        keyring, bundle = load_key_file(settings), load(settings.policies_dir)
        crowd = load(policies(Path(name) / "policies", CROWD))
    table = Table("what", "microseconds")
    for what, call in cases(keyring, bundle).items():
        table.add_row(what, _microseconds(call, CALLS))
    table.add_row(f"a decision among {CROWD:,} offers", _microseconds(decision(crowd, system_now()), FEW_CALLS))
    Console().print(table)


def _microseconds(call: Callable[[], object], calls: int) -> str:
    return f"{min(timeit.repeat(call, number=calls, repeat=TURNS)) / calls * 1e6:.1f}"


def cases(keyring: Keyring, bundle: Bundle) -> dict[str, Callable[[], object]]:
    """What is measured, by its name."""
    subjects = Subjects(keyring, ActivePolicy(bundle), SubjectKeys(Database("postgresql://127.0.0.1:1/none"), keyring))
    subject_id, secret, sealer = new_id(), random_key(), Sealer(random_key())
    place = b"ledger_entries", b"evidence", subject_id.bytes
    sealed, wrapped = sealer.seal(EVIDENCE, *place), keyring.epochs.wrap(secret)
    rule = bundle.offers["compare-models"].rule or compile_rule("true", {})
    receipts, entries = Receipts(keyring.signing, "http://127.0.0.1:8000"), _entries(bundle, keyring)
    return {
        "lookup of an identifier": lambda: subjects.lookup(IDENTIFIER),
        "sealing a value": lambda: sealer.seal(EVIDENCE, *place),
        "opening it": lambda: sealer.open(sealed, *place),
        "wrapping a person's key": lambda: keyring.epochs.wrap(secret),
        "unwrapping it": lambda: keyring.epochs.unwrap(keyring.epochs.current, wrapped),
        "a pseudonym": lambda: keyring.recipient.hash(b"pseudonym", b"crm", subject_id.bytes, secret),
        "a rule of three clauses": lambda: rule.holds(FACTS),
        f"receipt of {len(entries)} entries, signed": lambda: receipts.issue(bundle, entries),
    }


def _entries(bundle: Bundle, keyring: Keyring) -> list[Entry]:
    """What a person who agrees to some purposes adds to the ledger."""
    site, now = bundle.sites[SITE], system_now()
    notice = bundle.current_notice(site.notice, site.languages[0])
    record = Record(
        site=SITE,
        decisions=dict.fromkeys(PURPOSES, Choice.GIVEN),
        notice=NoticeShown(id=notice.id, version=notice.version, language=notice.language),
        method=Method.FORM,
    )
    statement, subject_id = recordable(record, CALLER, bundle, keyring.token, now), new_id()
    return [
        rules.entry(CONSENT, subject_id, said.entry_id, said.effective_at, said.recorded_at, statement.facts(said))
        for said in statement.events({}, now, new_id)
    ]


if __name__ == "__main__":
    main()
