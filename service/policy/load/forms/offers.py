"""The forms of fields, placements and offers."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Struct

from service.policy.expression import TypeName
from service.policy.load import values
from service.policy.load.forms.marks import (
    CalendarId,
    Event,
    Factor,
    Id,
    Key,
    Language,
    PurposeId,
    Share,
    Text,
    Words,
)
from service.policy.load.values import Judged, Names
from service.policy.model import (
    FieldSource,
    Ranking,
    Success,
)


class FieldForm(Struct, frozen=True):
    """`[field.<id>]`: a fact that rules may read."""

    type: TypeName
    source: FieldSource
    category: str
    purpose: PurposeId | None = None
    event: Event | None = None
    values: tuple[Words, ...] = ()
    title: Text | None = None


class FieldsFile(Struct, frozen=True):
    """fields.toml: the fields."""

    field: Mapping[Id, FieldForm] = {}


class PlacementForm(Struct, frozen=True):
    """`[placement.<id>]`: a slot that can be filled. With `thompson` and without `floor`, that is 0.01."""

    title: Text
    site: Annotated[str, Names("site")]
    fallback: Annotated[str, Names("offer")]
    ranking: Ranking = "priority"
    holdout: Share = 0.0
    calendar: CalendarId | None = None
    success: Success = "click"
    floor: Annotated[float, Judged(values.above_zero(0.5))] | None = None


class PlacementsFile(Struct, frozen=True):
    """placements.toml: the placements."""

    placement: Mapping[Id, PlacementForm] = {}


class WeightForm(Struct, frozen=True):
    """`[[offer.<id>.weight]]`: an offer weighs so many times as much where a rule holds."""

    when: str
    factor: Factor


class OfferForm(Struct, frozen=True):
    """`[offer.<id>]`: what may fill placements; its weight is its value times its lever times that of `weight`."""

    title: Text
    placements: tuple[Annotated[str, Names("placement")], ...]
    content: Mapping[Language, Mapping[Key, Words]]
    purposes: tuple[PurposeId, ...] = ()
    stages: tuple[Annotated[str, Names("stage")], ...] = ()
    rule: str | None = None
    priority: Annotated[int, Judged(values.between(-100_000, 100_000))] = 0
    personalised_price: bool = False
    group: Annotated[str, Names("group")] | None = None
    calendar: CalendarId | None = None
    value: Factor = 1.0
    lever: Factor = 1.0
    weight: tuple[WeightForm, ...] = ()
    service: bool = False


class OffersFile(Struct, frozen=True):
    """offers/<id>.toml: some offers."""

    offer: Mapping[Id, OfferForm] = {}
