"""The verb of pseudonyms: name subjects to a recipient. Nothing is stored, and nobody is made."""

from service.kernel.crypto import to_text
from service.kernel.database import Database
from service.kernel.problem import Fault
from service.policy.commands import ActivePolicy
from service.subjects import store
from service.subjects.commands import Subjects
from service.subjects.model import Identifier, IdentifierRefused
from service.subjects.pseudonyms.model import Naming, Pseudonyms, RecipientUnknown


class PseudonymDesk:
    """Names subjects to recipients."""

    def __init__(self, *, database: Database, policy: ActivePolicy, subjects: Subjects) -> None:
        self._database = database
        self._policy = policy
        self._subjects = subjects

    async def name(self, naming: Naming) -> Pseudonyms:
        """The pseudonym of each subject, in order; one who is linked is named as the person they are linked to.

        Raises `RecipientUnknown`, `IdentifierRefused`, `KeyringUnavailable`.
        """
        recipients = self._policy.current.recipients
        if naming.recipient not in recipients:
            known = ", ".join(sorted(recipients))
            fault = Fault("$.recipient", f"unknown; recipients.toml has: {known}")
            raise RecipientUnknown("Nobody was named.", faults=[fault])
        lookups = [self._lookup(identifier, place) for place, identifier in enumerate(naming.subjects)]
        led = await store.resolve(self._database, set(lookups))
        ids = {lookup: ends.subject_id for lookup, ends in led.items()}
        names = await self._subjects.keys.pseudonyms(naming.recipient, set(ids.values()))
        known_as = {lookup: to_text(names[subject]) for lookup, subject in ids.items() if subject in names}
        return Pseudonyms(pseudonyms=[known_as.get(lookup) for lookup in lookups])

    def _lookup(self, identifier: Identifier, place: int) -> bytes:
        try:
            return self._subjects.lookup(identifier).hash
        except IdentifierRefused as problem:
            fault = Fault(f"$.subjects[{place}]", problem.detail)
            raise IdentifierRefused("Nobody was named.", faults=[fault]) from None
