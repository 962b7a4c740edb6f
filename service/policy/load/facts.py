"""What fills the placeholders of a notice: the facts of the bundle in the words of one language."""

from collections.abc import Iterable, Mapping, Sequence

from service.policy.load.words import VOCABULARY, Vocabulary
from service.policy.model import Controller, Purpose, Recipient


def facts_for(
    language: str, controller: Controller, purposes: Sequence[Purpose], recipients: Mapping[str, Recipient]
) -> dict[str, str]:
    """The text of each placeholder, for a notice that names these purposes."""
    words = VOCABULARY[language]
    told = list({name: recipients[name] for purpose in purposes for name in purpose.recipients}.values())
    abroad = [recipient for recipient in told if recipient.transfer_basis is not None]
    return {
        "controller": words.controller.format(name=controller.name, contact=controller.contact, dpo=controller.dpo),
        "purposes": _listed(_purpose(purpose, language, words) for purpose in purposes),
        "data": _listed(f"{purpose.title[language]}: {_data(purpose, words)}" for purpose in purposes),
        "recipients": _listed(_recipient(recipient, language, words) for recipient in told) or words.nobody,
        "retention": _listed(f"{purpose.title[language]}: {_retention(purpose, words)}" for purpose in purposes),
        "transfers": _listed(_transfer(recipient, language, words) for recipient in abroad) or words.no_transfer,
        "withdraw": words.withdraw.format(contact=controller.rights_contact),
        "complain": controller.authority,
    }


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _purpose(purpose: Purpose, language: str, words: Vocabulary) -> str:
    basis = words.bases[purpose.legal_basis.value]
    return f"**{purpose.title[language]}** ({basis}): {purpose.description[language]}"


def _data(purpose: Purpose, words: Vocabulary) -> str:
    return "; ".join(words.kept[kind] for kind in purpose.data) or words.nothing_kept


def _recipient(recipient: Recipient, language: str, words: Vocabulary) -> str:
    return f"{recipient.title[language]} ({recipient.country}): {words.roles[recipient.role]}"


def _retention(purpose: Purpose, words: Vocabulary) -> str:
    kept = words.retention.format(days=purpose.retention_days)
    return kept if purpose.valid_days is None else f"{kept}; {words.renewal.format(days=purpose.valid_days)}"


def _transfer(recipient: Recipient, language: str, words: Vocabulary) -> str:
    basis = words.transfers[recipient.transfer_basis or ""]
    return f"{recipient.title[language]} ({recipient.country}): {basis}"
