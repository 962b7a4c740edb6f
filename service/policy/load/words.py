"""How the facts of a bundle are said in a notice, in each language that the service writes in."""

from msgspec import Struct


class Vocabulary(Struct, frozen=True):
    """The sentences of one language; those with {braces} are filled in."""

    controller: str
    bases: dict[str, str]
    kept: dict[str, str]
    nothing_kept: str
    roles: dict[str, str]
    nobody: str
    retention: str
    renewal: str
    transfers: dict[str, str]
    no_transfer: str
    withdraw: str


VOCABULARY = {
    "it": Vocabulary(
        controller="{name}, {contact}. Responsabile della protezione dei dati: {dpo}",
        bases={
            "consent": "il tuo consenso, art. 6(1)(a) GDPR",
            "contract": "il contratto con te, art. 6(1)(b) GDPR",
            "legal_obligation": "un obbligo di legge, art. 6(1)(c) GDPR",
            "vital_interests": "la salvaguardia di interessi vitali, art. 6(1)(d) GDPR",
            "public_task": "un compito di interesse pubblico, art. 6(1)(e) GDPR",
            "legitimate_interest": "un nostro legittimo interesse, art. 6(1)(f) GDPR",
        },
        kept={
            "touchpoints": "i tuoi contatti con noi, per esempio una visita o un acquisto: che cosa, dove e quando",
            "profile": "un profilo sintetico che ne ricaviamo",
            "decisions": "quali offerte ti abbiamo mostrato e perché",
        },
        nothing_kept="nessun altro dato oltre a quelli che servono allo scopo stesso",
        roles={
            "processor": "lavora per nostro conto e su nostre istruzioni",
            "own": "un nostro sistema interno",
            "third_party": "decide in modo autonomo come usare i dati che riceve",
        },
        nobody="Nessuno oltre a noi.",
        retention="al massimo {days} giorni",
        renewal="il consenso scade dopo {days} giorni, poi te lo chiediamo di nuovo",
        transfers={
            "adequacy": "decisione di adeguatezza della Commissione europea, art. 45 GDPR",
            "standard_clauses": "clausole contrattuali tipo della Commissione europea, art. 46(2)(c) GDPR",
            "binding_rules": "norme vincolanti d'impresa, art. 47 GDPR",
        },
        no_transfer="I tuoi dati restano nello Spazio economico europeo.",
        withdraw="scrivendo a {contact}",
    ),
    "en": Vocabulary(
        controller="{name}, {contact}. Data protection officer: {dpo}",
        bases={
            "consent": "your consent, Art. 6(1)(a) GDPR",
            "contract": "our contract with you, Art. 6(1)(b) GDPR",
            "legal_obligation": "a legal obligation, Art. 6(1)(c) GDPR",
            "vital_interests": "the protection of vital interests, Art. 6(1)(d) GDPR",
            "public_task": "a task in the public interest, Art. 6(1)(e) GDPR",
            "legitimate_interest": "a legitimate interest of ours, Art. 6(1)(f) GDPR",
        },
        kept={
            "touchpoints": "your contacts with us, for example a visit or a purchase: what, where and when",
            "profile": "a short profile that we derive from them",
            "decisions": "which offers we showed you and why",
        },
        nothing_kept="no data beyond what the purpose itself needs",
        roles={
            "processor": "works for us and on our instructions",
            "own": "a system of our own",
            "third_party": "decides for itself how it uses the data it receives",
        },
        nobody="Nobody but us.",
        retention="at most {days} days",
        renewal="your consent expires after {days} days, and then we ask you again",
        transfers={
            "adequacy": "adequacy decision of the European Commission, Art. 45 GDPR",
            "standard_clauses": "standard contractual clauses of the European Commission, Art. 46(2)(c) GDPR",
            "binding_rules": "binding corporate rules, Art. 47 GDPR",
        },
        no_transfer="Your data stay in the European Economic Area.",
        withdraw="by writing to {contact}",
    ),
}
LANGUAGES = frozenset(VOCABULARY)
"""The languages that a site can have."""
