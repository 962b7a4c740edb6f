"""The forms that the files of a bundle fill in: keys are those of the Structs, in kebab-case."""

from collections.abc import Mapping

from msgspec import Struct

from service.policy.load.forms.company import (
    ControllerFile,
    IdentifierForm,
    IdentityFile,
    NoticeForm,
    NoticeText,
    PurposeForm,
    PurposesFile,
    RecipientForm,
    RecipientsFile,
    RetentionFile,
    SiteForm,
    SitesFile,
)
from service.policy.load.forms.contact import (
    CalendarForm,
    CapForm,
    ContactFile,
    GroupForm,
    HoldoutForm,
)
from service.policy.load.forms.journeys import (
    ChannelForm,
    ChannelsFile,
    DropOffForm,
    FrictionForm,
    JourneyFile,
    PersonaForm,
    PersonasFile,
    StageForm,
    TouchpointForm,
)
from service.policy.load.forms.offers import (
    FieldForm,
    FieldsFile,
    OfferForm,
    OffersFile,
    PlacementForm,
    PlacementsFile,
    WeightForm,
)

__all__ = [
    "CalendarForm",
    "CapForm",
    "ChannelForm",
    "ChannelsFile",
    "ContactFile",
    "ControllerFile",
    "DropOffForm",
    "FieldForm",
    "FieldsFile",
    "Forms",
    "FrictionForm",
    "GroupForm",
    "HoldoutForm",
    "IdentifierForm",
    "IdentityFile",
    "JourneyFile",
    "NoticeForm",
    "NoticeText",
    "OfferForm",
    "OffersFile",
    "PersonaForm",
    "PersonasFile",
    "PlacementForm",
    "PlacementsFile",
    "PurposeForm",
    "PurposesFile",
    "RecipientForm",
    "RecipientsFile",
    "RetentionFile",
    "SiteForm",
    "SitesFile",
    "StageForm",
    "TouchpointForm",
    "WeightForm",
]


class Forms(Struct, frozen=True):
    """All files of a bundle, filled in; where something was wrong there is something blank."""

    controller: ControllerFile
    identity: IdentityFile
    purposes: PurposesFile
    sites: SitesFile
    recipients: RecipientsFile
    channels: ChannelsFile
    fields: FieldsFile
    placements: PlacementsFile
    contact: ContactFile
    personas: PersonasFile
    retention: RetentionFile
    journeys: Mapping[str, JourneyFile]
    offers: Mapping[str, OffersFile]
    notices: Mapping[str, NoticeText]
