"""The composition root: keys, bundle, database -> desks -> routes -> app."""

from collections.abc import Callable
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
from service.app.desks import Desks
from service.consent.api import router as consent_router
from service.consent.changes.api import router as changes_router
from service.consent.linking.api import router as linking_router
from service.consent.protection.api import router as protection_router
from service.console.api import router as console_router
from service.decisioning.api import DecisionCounter
from service.decisioning.api import router as decisioning_router
from service.decisioning.explanation.api import router as explanation_router
from service.decisioning.interactions.api import router as interactions_router
from service.journey.api import router as journey_router
from service.journey.map.api import router as map_router
from service.journey.report.api import router as report_router
from service.kernel.body import StrictBody
from service.kernel.cors import Cors, Preflight
from service.kernel.database import Database
from service.kernel.datamap import DataMap
from service.kernel.envelope import Envelope
from service.kernel.express import Express
from service.kernel.gpc import router as gpc_router
from service.kernel.health import router as health_router
from service.kernel.http import handlers
from service.kernel.openapi import NoPages
from service.kernel.reference import router as reference_router
from service.ledger.api import router as ledger_router
from service.policy.api import router as policy_router
from service.policy.commands import ActivePolicy
from service.policy.load import load
from service.recipients.api import router as recipients_router
from service.rights.api import router as rights_router
from service.rights.links.api import router as links_router
from service.rights.proof.api import router as proof_router
from service.rights.verification.api import router as verification_router
from service.settings import Settings
from service.subjects.keyfile import create_key_file
from service.subjects.keyring import load_key_file
from service.subjects.keys.commands import SubjectKeys
from service.subjects.pseudonyms.api import router as pseudonym_router

MOST_BYTES = 1024 * 1024
ROUTERS = (
    health_router,
    ledger_router,
    gpc_router,
    policy_router,
    reference_router,
    consent_router,
    changes_router,
    protection_router,
    linking_router,
    pseudonym_router,
    recipients_router,
    journey_router,
    report_router,
    map_router,
    decisioning_router,
    explanation_router,
    interactions_router,
    rights_router,
    verification_router,
    proof_router,
    console_router,
    links_router,
)


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
        "changes_desk": desks.changes,
        "protection_desk": desks.protection,
        "link_desk": desks.link,
        "pseudonym_desk": desks.pseudonyms,
        "delivery_desk": desks.deliveries,
        "journey_desk": desks.journey,
        "report_desk": desks.report,
        "explanation_desk": desks.explanations,
        "decision_counter": DecisionCounter(desks.subjects, desks.decisions),
        "interaction_desk": desks.interactions,
        "rights_desk": desks.rights,
        "rights_register": desks.register,
        "ending_desk": desks.endings,
        "codes": desks.codes,
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
