"""From forms in which nothing is wrong to the bundle."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from service.policy.expression import compile_rule
from service.policy.load import notices
from service.policy.load.check_contact import instant, spans
from service.policy.load.check_fields import values_of
from service.policy.load.check_offers import derived
from service.policy.load.check_rules import Rules
from service.policy.load.collect import default_journey, stem
from service.policy.load.facts import facts_for
from service.policy.load.forms import (
    CalendarForm,
    ContactFile,
    Forms,
    JourneyFile,
    NoticeText,
    OfferForm,
    PlacementForm,
)
from service.policy.model import (
    Bundle,
    Calendar,
    Cap,
    Channel,
    Contact,
    Controller,
    DropOff,
    Field,
    Friction,
    Group,
    IdentifierKind,
    Journey,
    LegalBasis,
    Offer,
    Persona,
    Placement,
    Purpose,
    Recipient,
    Retention,
    Site,
    Stage,
    TouchpointRule,
    Weight,
)
from service.policy.notice import Notice

NEVER = compile_rule("false", {})
"""In place of a rule that was good when its bundle was frozen and is none any more."""


def build(forms: Forms, rules: Rules, digest: str) -> Bundle:
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
        placements={i: _placement(i, f) for i, f in forms.placements.placement.items()},
        offers={i: _offer(i, form, rules, forms) for file in forms.offers.values() for i, form in file.offer.items()},
        retention=Retention(**_said(forms.retention)),
        contact=_contact(forms.contact),
        personas={
            i: Persona(id=i, title=forms.personas.persona[i].title, rule=rule, reads=rule.reads)
            for i, rule in rules.personas.items()
        },
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
        smallest_group=form.smallest_group,
        ends=form.ends,
        conversions=form.conversions,
        research_days=form.research_days,
        friction=tuple(Friction(**_said(friction)) for friction in form.friction),
        drop_off=DropOff(**_said(form.drop_off)) if form.drop_off else None,
    )


def _contact(form: ContactFile) -> Contact:
    usual = Contact()
    return Contact(
        time_zone=form.time_zone,
        dismissal_days=form.dismissal_days,
        holdout=form.holdout.share if form.holdout else usual.holdout,
        holdout_salt=form.holdout.salt if form.holdout else usual.holdout_salt,
        calendars={i: _calendar(i, calendar, form.time_zone) for i, calendar in form.calendar.items()},
        groups={i: Group(id=i, **_said(group)) for i, group in form.group.items()},
        caps={i: Cap(id=i, **_said(cap)) for i, cap in form.cap.items()},
    )


def _calendar(calendar_id: str, form: CalendarForm, usual_zone: str) -> Calendar:
    zone = form.time_zone or usual_zone
    return Calendar(
        id=calendar_id,
        title=form.title,
        time_zone=zone,
        days=form.days,
        hours=spans(form.hours),
        begins=instant(form.begins, zone),
        ends=instant(form.ends, zone),
    )


def _placement(placement_id: str, form: PlacementForm) -> Placement:
    said = {key: value for key, value in _said(form).items() if value is not None}
    return Placement(id=placement_id, **said)


def _offer(offer_id: str, form: OfferForm, rules: Rules, forms: Forms) -> Offer:
    rule = None if form.rule is None else rules.offers.get(offer_id, NEVER)
    context = tuple(
        Weight(rule=weighing or NEVER, factor=weight.factor)
        for weight, weighing in zip(form.weight, rules.weights[offer_id], strict=True)
    )
    reads = frozenset[str]().union(*(each.reads for each in (rule, *(weight.rule for weight in context)) if each))
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
        group=form.group,
        calendar=form.calendar,
        value=form.value,
        lever=form.lever,
        context=context,
        service=form.service,
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
