"""The composition root: keys, bundle, database -> desks -> routes -> app."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ASGIApp

from service import __version__
from service.consent.api import router as consent_router
from service.consent.commands import ConsentDesk
from service.consent.consequences import Consequences
from service.consent.linking.api import router as linking_router
from service.consent.linking.commands import LinkDesk
from service.consent.protection.api import router as protection_router
from service.consent.protection.commands import ProtectionDesk
from service.console.api import router as console_router
from service.console.commands import LoginDesk
from service.decisioning.api import DecisionCounter
from service.decisioning.api import router as decisioning_router
from service.decisioning.commands import DecisionDesk
from service.decisioning.explanation.api import router as explanation_router
from service.decisioning.explanation.commands import ExplanationDesk
from service.decisioning.interactions.api import router as interactions_router
from service.decisioning.interactions.commands import InteractionDesk
from service.decisioning.learning import arms
from service.decisioning.learning.commands import Learner
from service.decisioning.tokens import Tokens
from service.journey.api import router as journey_router
from service.journey.commands import JourneyDesk
from service.journey.map.api import router as map_router
from service.journey.report.api import router as report_router
from service.journey.report.commands import ReportDesk
from service.kernel.auth import Gate
from service.kernel.body import StrictBody
from service.kernel.cors import Cors, Preflight
from service.kernel.database import Database
from service.kernel.datamap import DataMap
from service.kernel.envelope import Envelope
from service.kernel.express import Express
from service.kernel.gpc import router as gpc_router
from service.kernel.health import router as health_router
from service.kernel.http import handlers
from service.kernel.idempotency import Answers
from service.kernel.limits import Limits
from service.kernel.openapi import NoPages
from service.kernel.reference import router as reference_router
from service.ledger.api import router as ledger_router
from service.ledger.commands import LedgerDesk
from service.policy.api import router as policy_router
from service.policy.commands import ActivePolicy, BundleDesk
from service.policy.load import load
from service.recipients.mail.carriers import carrier_of
from service.recipients.mail.commands import Post
from service.rights.access import Access
from service.rights.api import router as rights_router
from service.rights.commands import RightsDesk
from service.rights.links.api import router as links_router
from service.rights.links.commands import Links
from service.rights.proof.api import router as proof_router
from service.rights.proof.commands import ProofDesk
from service.rights.retention.commands import Retention
from service.settings import Settings
from service.subjects.commands import Subjects
from service.subjects.keyfile import create_key_file
from service.subjects.keyring import Keyring, load_key_file
from service.subjects.keys.commands import SubjectKeys, promises_of
from service.subjects.pseudonyms.api import router as pseudonym_router
from service.subjects.pseudonyms.commands import PseudonymDesk

MOST_BYTES = 1024 * 1024
ERASING = 2
"""Connections for erasures, where they have a role of their own."""
ROUTERS = (
    health_router,
    ledger_router,
    gpc_router,
    policy_router,
    reference_router,
    consent_router,
    protection_router,
    linking_router,
    pseudonym_router,
    journey_router,
    report_router,
    map_router,
    decisioning_router,
    explanation_router,
    interactions_router,
    rights_router,
    proof_router,
    console_router,
    links_router,
)


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
    ) -> None:
        answers = Answers(keyring.token, keyring.seal)
        self.settings = settings
        self.database = database
        self.erasing = Database(url.reveal, size=ERASING) if (url := settings.erasure_url) else database
        self.policy = policy
        self.bundles = BundleDesk(database=database, policy=policy, folder=settings.policies_dir)
        self.signer = keyring.signing
        self.ledger = LedgerDesk(database)
        self.keys = keys
        self.subjects = Subjects(keyring, policy, keys)
        limits = Limits(per_second=settings.rate_per_second, browser_per_second=settings.browser_rate_per_second)
        self.gate = Gate(database, self.origins_of, limits, home=settings.origin, development=settings.development)
        self.logins = LoginDesk(database=database, gate=self.gate, secure=settings.origin.startswith("https"))
        self.consequences = Consequences(datamap=datamap, policy=policy, unlearn=arms.unlearn)
        self.consent = self._consent(keyring, answers)
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
        self.post = Post(database, keyring.seal, carrier_of(settings))
        self.access = Access(database=database, policy=policy, subjects=self.subjects, datamap=datamap)
        self.links = Links(database, keyring.token)
        self.rights = self._rights(answers, datamap)
        self.proofs = ProofDesk(database=database, claims=keyring.claims, seal_reason=self.subjects.seal)
        self.retention = self._retention(keyring, datamap)

    def _retention(self, keyring: Keyring, datamap: DataMap) -> Retention:
        return Retention(
            database=self.database,
            erasing=self.erasing,
            policy=self.policy,
            consequences=self.consequences,
            datamap=datamap,
            claims=keyring.claims,
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

    def _rights(self, answers: Answers, datamap: DataMap) -> RightsDesk:
        return RightsDesk(
            database=self.database,
            erasing=self.erasing,
            policy=self.policy,
            subjects=self.subjects,
            answers=answers,
            signer=self.signer,
            issuer=self.settings.issuer,
            datamap=datamap,
            access=self.access,
            promises=promises_of(self.settings),
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


def create_app(desks: Desks) -> ASGIApp:
    """The service as an ASGI application, with what stands around the router."""
    inside = Preflight(Express(create_router(desks)), desks.origins)
    return Cors(Envelope(inside, most_bytes=MOST_BYTES), desks.origins)


def create_router(desks: Desks) -> Litestar:
    """The routes of the service."""
    return Litestar(
        route_handlers=ROUTERS,
        dependencies=_dependencies(desks),
        exception_handlers=handlers,
        dto=StrictBody,
        return_dto=None,
        state=State({"gate": desks.gate}),
        openapi_config=OpenAPIConfig(
            title="Placet",
            version=__version__,
            description="Consent with proof, and personalisation only as far as it goes.",
            openapi_router=NoPages(path="/docs", route_handlers=[]),
            components=Components(
                security_schemes={
                    "key": SecurityScheme(
                        type="http",
                        scheme="bearer",
                        description="A secret key, a publishable key or an officer's token.",
                    )
                }
            ),
            security=[{"key": []}],
        ),
        request_max_body_size=None,
        logging_config=None,
        debug=False,
    )


def _dependencies(desks: Desks) -> dict[str, Provide]:
    """What handlers ask for by name, one each: the framework resolves several in tasks of their own, at a price."""
    made_once = {
        "database": desks.database,
        "signer": desks.signer,
        "ledger_desk": desks.ledger,
        "bundle_desk": desks.bundles,
        "subjects": desks.subjects,
        "consent_desk": desks.consent,
        "protection_desk": desks.protection,
        "link_desk": desks.link,
        "pseudonym_desk": desks.pseudonyms,
        "journey_desk": desks.journey,
        "report_desk": desks.report,
        "explanation_desk": desks.explanations,
        "decision_counter": DecisionCounter(desks.subjects, desks.decisions),
        "interaction_desk": desks.interactions,
        "rights_desk": desks.rights,
        "proof_desk": desks.proofs,
        "login_desk": desks.logins,
        "access": desks.access,
        "links": desks.links,
    }
    return {name: Provide(_always(value), sync_to_thread=False) for name, value in made_once.items()}


def _always(value: object) -> Callable[[], Any]:
    def provide() -> Any:
        return value

    return provide


def described(policies_dir: Path = Path("policies")) -> Litestar:
    """The routes of a service that answers nobody, for reading its OpenAPI description."""
    with ExitStack() as stack:
        data_dir = Path(stack.enter_context(TemporaryDirectory()))
        settings = Settings(environment="development", data_dir=data_dir)
        create_key_file(settings)
        policy = ActivePolicy(load(policies_dir))
        nowhere = Database("postgresql://127.0.0.1:1/none")
        keyring = load_key_file(settings)
        keys = SubjectKeys(nowhere, keyring)
        return create_router(Desks(settings, keyring, policy, nowhere, DataMap(tables=()), keys))
