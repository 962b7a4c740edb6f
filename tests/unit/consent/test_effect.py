"""When a decision takes effect and until when it holds, whatever the clocks of others say."""

from datetime import UTC, datetime, timedelta

import pytest

from service.consent.model import Method, Status
from service.consent.rules import CLOCK_SKEW, expires, takes_effect
from service.policy.model import LegalBasis
from tests.unit.consent.saying import DAY, HOUR, NOON, purpose

ELSEWHERE = [Method.PAPER, Method.PHONE, Method.IMPORT]
HERE = [method for method in Method if method not in ELSEWHERE]
PROTECTIVE = [Status.REFUSED, Status.WITHDRAWN]
SERVED = [NOON - 3 * DAY, None]
"""When a browser was served the notice; None for a server."""


@pytest.mark.parametrize("served_at", SERVED)
@pytest.mark.parametrize("status", [Status.GIVEN, *PROTECTIVE])
def test_without_a_time_of_its_own_a_decision_takes_effect_when_recorded(
    status: Status, served_at: datetime | None
) -> None:
    """The database's clock is the only one then."""
    assert takes_effect(status, Method.FORM, None, NOON, served_at=served_at) == NOON


@pytest.mark.parametrize(
    ("collected", "effective"),
    [
        (timedelta(0), timedelta(0)),
        (-HOUR, -HOUR),
        (-3 * DAY, -3 * DAY),
        (-400 * DAY, -3 * DAY),
        (HOUR, timedelta(0)),
        (400 * DAY, timedelta(0)),
    ],
    ids=["exact", "an hour slow", "three days slow", "a year slow", "an hour fast", "a year fast"],
)
def test_a_browsers_clock_is_believed_back_to_its_notice(collected: timedelta, effective: timedelta) -> None:
    """A grant from a browser takes effect between when its notice was served and now."""
    served_at = NOON - 3 * DAY
    assert takes_effect(Status.GIVEN, Method.BANNER, NOON + collected, NOON, served_at=served_at) == NOON + effective


def test_a_notice_served_by_a_clock_ahead_of_the_databases_delays_nothing() -> None:
    """Nothing takes effect later than it was recorded, also where the process that served the notice was ahead."""
    assert takes_effect(Status.GIVEN, Method.BANNER, NOON - DAY, NOON, served_at=NOON + HOUR) == NOON


def test_a_consent_on_paper_keeps_its_age() -> None:
    """What a server says was collected years ago took effect then."""
    long_ago = datetime(2019, 5, 1, tzinfo=UTC)
    assert takes_effect(Status.GIVEN, Method.PAPER, long_ago, NOON, served_at=None) == long_ago


@pytest.mark.parametrize("status", [Status.GIVEN, *PROTECTIVE])
@pytest.mark.parametrize("method", Method)
def test_a_server_cannot_decide_in_the_future(status: Status, method: Method) -> None:
    """Beyond what two clocks may differ it is refused, whatever was decided and how."""
    assert takes_effect(status, method, NOON + CLOCK_SKEW + timedelta(microseconds=1), NOON, served_at=None) is None


def test_a_server_whose_clock_is_slightly_ahead_decides_now() -> None:
    """Nothing takes effect later than it was recorded."""
    assert takes_effect(Status.GIVEN, Method.FORM, NOON + CLOCK_SKEW, NOON, served_at=None) == NOON


@pytest.mark.parametrize("status", PROTECTIVE)
@pytest.mark.parametrize("method", HERE)
@pytest.mark.parametrize("served_at", SERVED)
def test_what_protects_takes_effect_when_recorded(status: Status, method: Method, served_at: datetime | None) -> None:
    """A slow clock cannot date a refusal or withdrawal before the grant that it is to end."""
    assert takes_effect(status, method, NOON - 300 * DAY, NOON, served_at=served_at) == NOON


@pytest.mark.parametrize("status", PROTECTIVE)
@pytest.mark.parametrize("method", ELSEWHERE)
def test_what_protects_and_was_said_elsewhere_keeps_its_time(status: Status, method: Method) -> None:
    """A refusal on paper was one when it was signed."""
    assert takes_effect(status, method, NOON - 300 * DAY, NOON, served_at=None) == NOON - 300 * DAY


@pytest.mark.parametrize("status", PROTECTIVE)
def test_a_fast_browser_clock_does_not_delay_what_protects(status: Status) -> None:
    """Nor is it a reason to refuse it."""
    assert takes_effect(status, Method.BANNER, NOON + 300 * DAY, NOON, served_at=NOON - DAY) == NOON


def test_validity_runs_from_when_the_grant_took_effect() -> None:
    """Not from when it was recorded: a consent of last year is a year old."""
    assert expires(purpose(valid_days=365), Status.GIVEN, NOON - 364 * DAY) == NOON + DAY


@pytest.mark.parametrize("status", PROTECTIVE)
def test_what_protects_does_not_expire(status: Status) -> None:
    """A refusal persists."""
    assert expires(purpose(valid_days=365), status, NOON) is None


def test_a_grant_of_a_purpose_without_validity_does_not_expire() -> None:
    """The bundle decides how long consent lasts."""
    assert expires(purpose(LegalBasis.CONSENT, valid_days=None), Status.GIVEN, NOON) is None
