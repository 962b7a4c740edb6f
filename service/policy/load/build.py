"""From forms in which nothing is wrong to the bundle."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from service.policy.expression import Rule
from service.policy.load import notices
from service.policy.load.check_fields import values_of
from service.policy.load.check_offers import derived
from service.policy.load.collect import default_journey, stem
from service.policy.load.facts import facts_for
from service.policy.load.forms import Forms, JourneyFile, NoticeText, OfferForm
from service.policy.model import (
    Bundle,
    Channel,
    Controller,
    Field,
    IdentifierKind,
    Journey,
    LegalBasis,
    Offer,
    Placement,
    Purpose,
    Recipient,
    Retention,
    Site,
    Stage,
    TouchpointRule,
)
from service.policy.notice import Notice


def build(forms: Forms, rules: Mapping[str, Rule], digest: str) -> Bundle:
    """The bundle that the forms say."""
    default = default_journey(forms)
    controller = Controller(**_said(forms.controller))
    recipients = {i: Recipient(id=i, **_said(f)) for i, f in forms.recipients.recipient.items()}
    purposes = {
        i: Purpose(id=i, **_said(f, legal_basis=LegalBasis(f.legal_basis))) for i, f in forms.purposes.purpose.items()
    }
    values = values_of(forms)
    return Bundle(
        digest=digest,
        controller=controller,
        identifier_kinds={i: IdentifierKind(id=i, **_said(f)) for i, f in forms.identity.identifier.items()},
        adopt_anonymous_grants=forms.identity.adopt_anonymous_grants,
        purposes=purposes,
        notices=_notices(forms.notices.values(), controller, purposes, recipients),
        sites={i: Site(id=i, **_said(f)) for i, f in forms.sites.site.items()},
        recipients=recipients,
        channels={i: Channel(id=i, **_said(f)) for i, f in forms.channels.channel.items()},
        journeys={stem(file): _journey(stem(file), form) for file, form in forms.journeys.items()},
        default_journey=stem(default or ""),
        fields={i: Field(id=i, **_said(f, values=values[i])) for i, f in forms.fields.field.items()},
        placements={i: Placement(id=i, **_said(f)) for i, f in forms.placements.placement.items()},
        offers={
            i: _offer(i, form, rules.get(i), forms) for file in forms.offers.values() for i, form in file.offer.items()
        },
        retention=Retention(**_said(forms.retention)),
    )


def _said(form: Struct, **others: object) -> dict[str, Any]:
    """What a form says, with `others` in place of what the model says in other words."""
    return asdict(form) | others


def _journey(journey_id: str, form: JourneyFile) -> Journey:
    return Journey(
        id=journey_id,
        title=form.title,
        purpose=form.purpose,
        half_life_hours=form.half_life_hours,
        expiry_days=form.expiry_days,
        hysteresis=form.hysteresis,
        stages=tuple(Stage(id=i, **_said(stage)) for i, stage in form.stage.items()),
        rules=tuple(TouchpointRule(**_said(rule)) for rule in form.touchpoint),
    )


def _offer(offer_id: str, form: OfferForm, rule: Rule | None, forms: Forms) -> Offer:
    reads = rule.reads if rule else frozenset[str]()
    staged = {name for name, field in forms.fields.field.items() if field.source == "stage" and form.stages}
    return Offer(
        id=offer_id,
        title=form.title,
        placements=form.placements,
        purposes=frozenset(form.purposes),
        required=frozenset(derived(reads, form.stages, forms.fields.field)),
        stages=form.stages,
        rule=rule,
        reads=reads | staged,
        priority=form.priority,
        content=form.content,
        personalised_price=form.personalised_price,
    )


def _notices(
    texts: Iterable[NoticeText],
    controller: Controller,
    purposes: Mapping[str, Purpose],
    recipients: Mapping[str, Recipient],
) -> dict[str, tuple[Notice, ...]]:
    by_id: dict[str, list[Notice]] = {}
    for text in texts:
        named = [purposes[purpose] for purpose in text.purposes]
        shown = notices.filled(text, facts_for(text.language, controller, named, recipients))
        major, minor = text.version.split(".")
        by_id.setdefault(text.id, []).append(
            Notice(
                id=text.id,
                version=text.version,
                major=int(major),
                minor=int(minor),
                language=text.language,
                text=shown,
                sha256=hashlib.sha256(shown.encode()).hexdigest(),
                purposes=text.purposes,
                changes=text.changed,
            )
        )
    return {notice: tuple(of_id) for notice, of_id in by_id.items()}
