"""The nouns of policy: what a bundle says once it has been read and checked.

Everything here is frozen and refers by id: a purpose names its recipients, an offer its placements. The checks of
`load` have already made sure that whatever is named exists.
"""

from service.policy.model.bundle import (
    Bundle,
)
from service.policy.model.company import (
    Controller,
    IdentifierKind,
    Kept,
    LegalBasis,
    Normaliser,
    Purpose,
    Recipient,
    RecipientRole,
    Retention,
    Site,
    Text,
)
from service.policy.model.contact import (
    MIDNIGHT,
    Calendar,
    Cap,
    CapEvent,
    CapKind,
    CapScope,
    Contact,
    Group,
    Weekday,
    Window,
)
from service.policy.model.force import (
    BundleActivated,
    BundleInForce,
    PoliciesDiffer,
    PoliciesRefused,
    Reviewed,
)
from service.policy.model.journey import (
    Channel,
    DropOff,
    Friction,
    FrictionKind,
    Journey,
    Persona,
    Place,
    Stage,
    TouchpointRule,
)
from service.policy.model.mistake import (
    BundleRefused,
    Mistake,
)
from service.policy.model.offers import (
    Field,
    FieldSource,
    Offer,
    Placement,
    Ranking,
    Success,
    Weight,
)

__all__ = [
    "MIDNIGHT",
    "Bundle",
    "BundleActivated",
    "BundleInForce",
    "BundleRefused",
    "Calendar",
    "Cap",
    "CapEvent",
    "CapKind",
    "CapScope",
    "Channel",
    "Contact",
    "Controller",
    "DropOff",
    "Field",
    "FieldSource",
    "Friction",
    "FrictionKind",
    "Group",
    "IdentifierKind",
    "Journey",
    "Kept",
    "LegalBasis",
    "Mistake",
    "Normaliser",
    "Offer",
    "Persona",
    "Place",
    "Placement",
    "PoliciesDiffer",
    "PoliciesRefused",
    "Purpose",
    "Ranking",
    "Recipient",
    "RecipientRole",
    "Retention",
    "Reviewed",
    "Site",
    "Stage",
    "Success",
    "Text",
    "TouchpointRule",
    "Weekday",
    "Weight",
    "Window",
]
