"""The composition root: settings -> keys -> bundle -> pools -> desks -> routes -> app."""

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Request
from litestar.config.app import AppConfig
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide

from service.consent.api import router as consent_router
from service.consent.commands import ConsentDesk
from service.decisioning.api import router as decisioning_router
from service.decisioning.commands import DecisionDesk
from service.journey.api import router as journey_router
from service.journey.commands import JourneyDesk
from service.kernel import datamap
from service.kernel.auth import Gate, Principal, principal_of, reachable
from service.kernel.clock import Moment, moment_of
from service.kernel.database import Database
from service.kernel.health import router as health_router
from service.kernel.idempotency import Answers
from service.ledger.api import router as ledger_router
from service.policy.commands import ActivePolicy
from service.policy.model import Bundle
from service.rights.api import router as rights_router
from service.rights.commands import RightsDesk
from service.settings import Settings
from service.subjects.commands import Subjects
from service.subjects.keyring import Keyring
from service.subjects.model import COOKIE_HEADER

MAX_BODY_BYTES = 1024 * 1024
IDEMPOTENCY_HEADER = "Idempotency-Key"
ROUTERS = (health_router, ledger_router, consent_router, journey_router, decisioning_router, rights_router)
