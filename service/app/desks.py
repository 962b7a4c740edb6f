"""Every desk of the service, made once and wired to the others."""

from collections.abc import Iterable

from service.consent.changes.commands import ChangesDesk
from service.consent.commands import ConsentDesk
from service.consent.consequences import Consequences
from service.consent.linking.commands import LinkDesk
from service.consent.protection.commands import ProtectionDesk
from service.console.commands import LoginDesk
from service.decisioning.commands import DecisionDesk
from service.decisioning.explanation.commands import ExplanationDesk
from service.decisioning.interactions.commands import InteractionDesk
from service.decisioning.learning import arms
from service.decisioning.learning.commands import Learner
from service.decisioning.tokens import Tokens
from service.journey.commands import JourneyDesk
from service.journey.report.commands import ReportDesk
from service.kernel.auth import Gate
from service.kernel.database import Database
from service.kernel.datamap import DataMap
from service.kernel.idempotency import Answers
from service.kernel.limits import Limits
from service.ledger.commands import LedgerDesk
from service.ledger.gap.commands import GapDesk
from service.ledger.gap.watch import Gap
from service.policy.commands import ActivePolicy, BundleDesk
from service.recipients.commands import DeliveryDesk
from service.recipients.delivery import Delivery
from service.recipients.mail.carriers import carrier_of
from service.recipients.mail.commands import Post
from service.recipients.signatures import Signatures
from service.recipients.wire import Wire
from service.rights.access import Access
from service.rights.commands import RightsDesk
from service.rights.ending import EndingDesk
from service.rights.erasure.composing import eraser_of, erasures_of
from service.rights.holds.commands import HoldDesk
from service.rights.letters.commands import Letters
from service.rights.links.commands import Links
from service.rights.proof.commands import ProofDesk
from service.rights.retention.commands import Retention
from service.rights.showing import RightsRegister
from service.rights.verification.commands import Codes
from service.settings import Settings
from service.subjects.commands import Subjects
from service.subjects.keyring import Keyring
from service.subjects.keys.commands import SubjectKeys
from service.subjects.pseudonyms.commands import PseudonymDesk

ERASING = 2
"""Connections for erasures, where they have a role of their own."""


class Desks:
    """Everything that handlers may ask for, made once."""

    def __init__(
        self,
        settings: Settings,
        keyring: Keyring,
        policy: ActivePolicy,
        database: Database,
        datamap: DataMap,
        keys: SubjectKeys,
        gap: Gap,
    ) -> None:
        answers = Answers(keyring.token, keyring.seal)
        self.settings = settings
        self.database = database
        self.erasing = Database(url.reveal, size=ERASING) if (url := settings.erasure_url) else database
        self.policy = policy
        self.bundles = BundleDesk(database=database, policy=policy, folder=settings.policies_dir)
        self.signer = keyring.signing
        self.ledger, self.gap = LedgerDesk(database), gap
        self.keys, self.subjects = keys, Subjects(keyring, policy, keys)
        limits = Limits(per_second=settings.rate_per_second, browser_per_second=settings.browser_rate_per_second)
        self.gate = Gate(database, self.origins_of, limits, home=settings.origin, development=settings.development)
        self.logins = LoginDesk(database=database, gate=self.gate, home=settings.origin)
        self.consequences = Consequences(datamap=datamap, policy=policy, unlearn=arms.unlearn)
        self.consent = self._consent(keyring, answers)
        self.changes = ChangesDesk(database=database, policy=policy, subjects=self.subjects, gap=gap)
        self.protection = self._protection(answers)
        self.link = LinkDesk(
            database=database, policy=policy, subjects=self.subjects, answers=answers, consequences=self.consequences
        )
        self.pseudonyms = PseudonymDesk(database=database, policy=policy, subjects=self.subjects)
        self.journey = self._journey(keyring, answers)
        self.report = ReportDesk(database=database, policy=policy)
        self.learner = Learner(database, policy)
        self.tokens = Tokens(keyring.token)
        self.explanations = ExplanationDesk(
            database=database, policy=policy, opened=self.subjects.open, tokens=self.tokens
        )
        self.decisions = self._decisions(keyring)
        self.interactions = InteractionDesk(database=database, policy=policy, answers=answers, tokens=self.tokens)
        self._serve_rights(keyring, answers, datamap)

    def _serve_rights(self, keyring: Keyring, answers: Answers, datamap: DataMap) -> None:
        """What people ask for about their data, and what goes to them and to recipients."""
        self.post = Post(self.database, keyring.seal, carrier_of(self.settings))
        signatures, wire = Signatures(keyring), Wire(development=self.settings.development)
        self.deliveries = DeliveryDesk(database=self.database, policy=self.policy, signatures=signatures)
        self.delivery = Delivery(
            database=self.database, policy=self.policy, keys=self.keys, signatures=signatures, wire=wire
        )
        self.letters = Letters(policy=self.policy, subjects=self.subjects)
        self.access = Access(self.database, self.policy, self.subjects, datamap, self.explanations, self.letters)
        self.links = Links(self.database, keyring.token)
        self.codes = Codes(self.database, self.policy, self.subjects, self.letters, keyring.token)
        self.erasures = erasures_of(
            self.settings, self.database, self.erasing, self.policy, self.subjects, datamap, keyring
        )
        self.rights = RightsDesk(
            database=self.database,
            policy=self.policy,
            subjects=self.subjects,
            protection=self.protection,
            answers=answers,
            access=self.access,
            erasures=self.erasures,
            codes=self.codes,
            letters=self.letters,
            links=self.links,
            issuer=self.settings.issuer,
        )
        self.holds = HoldDesk(
            database=self.database,
            policy=self.policy,
            subjects=self.subjects,
            datamap=datamap,
            erasures=self.erasures,
        )
        self.register = RightsRegister(database=self.database, policy=self.policy, subjects=self.subjects)
        self.endings = EndingDesk(self.database, self.policy, self.subjects, self.protection, self.letters)
        self.proofs = ProofDesk(database=self.database, claims=keyring.claims, seal_reason=self.subjects.seal)
        self.gaps = GapDesk(database=self.database, gap=self.gap, seal_note=self.subjects.seal)
        self.retention = self._retention(keyring, datamap)

    def _retention(self, keyring: Keyring, datamap: DataMap) -> Retention:
        return Retention(
            database=self.database,
            erasing=self.erasing,
            policy=self.policy,
            consequences=self.consequences,
            datamap=datamap,
            eraser=eraser_of(self.policy, self.subjects, datamap, keyring),
        )

    def _journey(self, keyring: Keyring, answers: Answers) -> JourneyDesk:
        return JourneyDesk(
            database=self.database,
            policy=self.policy,
            consent=self.consent,
            subjects=self.subjects,
            answers=answers,
            tokens=keyring.token,
        )

    def _decisions(self, keyring: Keyring) -> DecisionDesk:
        return DecisionDesk(
            database=self.database,
            policy=self.policy,
            consent=self.consent,
            tokens=keyring.token,
            seal=self.subjects.seal,
            explanations=self.explanations,
        )

    def _consent(self, keyring: Keyring, answers: Answers) -> ConsentDesk:
        return ConsentDesk(
            database=self.database,
            policy=self.policy,
            subjects=self.subjects,
            answers=answers,
            signer=keyring.signing,
            tokens=keyring.token,
            issuer=self.settings.issuer,
            consequences=self.consequences,
            gap=self.gap,
        )

    def _protection(self, answers: Answers) -> ProtectionDesk:
        return ProtectionDesk(
            database=self.database,
            policy=self.policy,
            subjects=self.subjects,
            answers=answers,
            signer=self.signer,
            issuer=self.settings.issuer,
            consequences=self.consequences,
        )

    async def close(self) -> None:
        """Answer everything that waits, and take nothing new."""
        self.changes.close()
        await self.decisions.close()
        await self.journey.close()
        await self.consent.close()
        if self.erasing is not self.database:
            await self.erasing.close()

    def origins_of(self, site_id: str) -> Iterable[str]:
        """The origins of one site of the active bundle; none for a site that it no longer has."""
        site = self.policy.current.sites.get(site_id)
        return site.origins if site else ()

    def origins(self) -> frozenset[str]:
        """Every origin of the active bundle."""
        return self.policy.current.origins()
