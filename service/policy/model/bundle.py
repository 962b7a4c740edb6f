"""The bundle: all that the policies say, in one piece."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct

from service.policy.model.company import Controller, IdentifierKind, Purpose, Recipient, Retention, Site
from service.policy.model.contact import Contact
from service.policy.model.journey import Channel, Journey, Persona
from service.policy.model.offers import Field, Offer, Placement
from service.policy.notice import VERSION, Edition, Notice, holding


class Bundle(Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """All of `policies/`, checked and frozen; `digest` names it ("sha256:…" over its frozen content)."""

    digest: str
    controller: Controller
    identifier_kinds: Mapping[str, IdentifierKind]
    adopt_anonymous_grants: bool
    purposes: Mapping[str, Purpose]
    notices: Mapping[str, tuple[Notice, ...]]
    sites: Mapping[str, Site]
    recipients: Mapping[str, Recipient]
    channels: Mapping[str, Channel]
    journeys: Mapping[str, Journey]
    default_journey: str
    fields: Mapping[str, Field]
    placements: Mapping[str, Placement]
    offers: Mapping[str, Offer]
    retention: Retention
    contact: Contact = Contact()
    personas: Mapping[str, Persona] = {}

    def origins(self) -> frozenset[str]:
        """Every origin that a site of this bundle runs on."""
        return frozenset(origin for site in self.sites.values() for origin in site.origins)

    def current_notice(self, notice_id: str, language: str) -> Notice:
        """The newest text in a language, else in the first language of the site that shows it; KeyError if unknown."""
        texts = self.notices[notice_id]
        newest = max((text.major, text.minor) for text in texts)
        current = {text.language: text for text in texts if (text.major, text.minor) == newest}
        default = next((site.languages[0] for site in self.sites.values() if site.notice == notice_id), "")
        return current.get(language) or current.get(default) or next(iter(current.values()))

    def notice(self, notice_id: str, version: str, language: str) -> Notice | None:
        """Exactly this text, also an old one (Art. 7(1)), or None where there never was one."""
        texts = self.notices.get(notice_id, ())
        return next((text for text in texts if text.version == version and text.language == language), None)

    def edition(self, site_id: str, edition: Edition) -> Notice | None:
        """The text of a site's notice that is meant: if in several languages the site's first, then the newest."""
        site = self.sites.get(site_id)
        texts = [text for text in self.notices[site.notice] if edition.fits(text)] if site else []
        default = site.languages[0] if site else ""
        return max(texts, key=lambda text: (text.language == default, text.major, text.minor), default=None)

    def superseded(self, notice_id: str, version: str) -> bool:
        """Whether a version with a higher major number exists, so that what it says no longer holds."""
        form = VERSION.fullmatch(version)
        return form is not None and any(text.major > int(form[1]) for text in self.notices.get(notice_id, ()))

    def invalidated(self, notice_id: str, version: str, purpose: str) -> bool:
        """Whether a later major version changed or dropped this purpose, so that what was said on `version` ended."""
        return purpose not in self._holding(notice_id, version)

    @cached_property
    def derived(self) -> dict[Any, Any]:
        """What others have worked out from this bundle alone, under names of their own, to be kept as long as it is."""
        return {}

    @cached_property
    def _holding(self) -> Callable[[str, str], frozenset[str]]:
        """The purposes for which what was said on a version of a notice still holds; every check asks."""
        return holding(self.notices, self.purposes)
