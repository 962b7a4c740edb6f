"""Whoever was erased comes back by a grant of their own alone (rule R15)."""

from datetime import datetime

from service.consent.model import Method, Recorded, Status
from service.consent.statement import Statement
from service.subjects.suppressions.model import Suppressed


def require_fresh(statement: Statement, recorded: Recorded, erased_at: datetime | None) -> None:
    """Raises `Suppressed` for an import, and for a grant that took effect before its giver was erased."""
    if erased_at is None:
        return
    given = [record.effective_at for record in recorded.records if record.status is Status.GIVEN]
    if statement.method is Method.IMPORT or any(at < erased_at for at in given):
        raise Suppressed("What was said before that counts no longer; only a new grant makes them known again.")
