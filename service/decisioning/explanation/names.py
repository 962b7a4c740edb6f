"""What the nouns of a bundle are called in a reader's language."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from service.decisioning.explanation.model import Named, Plain
from service.decisioning.explanation.words import LANGUAGES, Words, words_in
from service.policy.expression import TODAY
from service.policy.model import Bundle, Journey, Text


class Names(Struct, frozen=True):
    """A bundle as it is spoken of in one language."""

    bundle: Bundle
    language: str
    words: Words

    def offer(self, offer_id: str) -> Named:
        """An offer."""
        return Named(offer_id, self._in(self.bundle.offers[offer_id].title))

    def placement(self, placement_id: str) -> Named:
        """A placement."""
        return Named(placement_id, self._in(self.bundle.placements[placement_id].title))

    def purpose(self, purpose_id: str) -> Named:
        """A purpose."""
        return Named(purpose_id, self._in(self.bundle.purposes[purpose_id].title))

    def stage(self, stage_id: str) -> Named:
        """A stage of the default journey."""
        found = next((stage.title for stage in self._journey.stages if stage.id == stage_id), None)
        return Named(stage_id, self._in(found) or stage_id)

    def field(self, field_id: str) -> Named:
        """A field, or today's date."""
        if field_id == TODAY:
            return Named(TODAY, self.words.values["today"])
        return Named(field_id, self._in(self.bundle.fields[field_id].title) or field_id)

    def channel(self, channel_id: str) -> Named:
        """A channel; one that the bundle has no longer is called by its id."""
        known = self.bundle.channels.get(channel_id)
        return Named(channel_id, (known and self._in(known.title)) or channel_id)

    def event(self, event: str, channel: str | None) -> Named:
        """An event, as the default journey calls it there."""
        rules = [rule for rule in self._journey.rules if rule.event == event and rule.title]
        rule = next((rule for rule in rules if rule.channel == channel), next(iter(rules), None))
        return Named(event, (rule and self._in(rule.title)) or event)

    def value(self, field_id: str, value: Plain) -> str:
        """A value of a field as it is read: stages and personas have titles, a page's own words are quoted."""
        field = self.bundle.fields.get(field_id)
        if isinstance(value, str) and (field_id == TODAY or (field and field.type == "date")):
            return self.words.day(date.fromisoformat(value))
        if isinstance(value, str) and field and field.source == "stage":
            return self.words.quoted(self.stage(value).title)
        if isinstance(value, str) and field and field.source == "persona" and value in self.bundle.personas:
            return self.words.quoted(self._in(self.bundle.personas[value].title))
        return self.words.value(value)

    def read(self, values: Mapping[str, Plain]) -> str:
        """Fields with their values, one after another."""
        one = self.words.inputs["one"]
        return "; ".join(one.format(title=self.field(f).title, value=self.value(f, v)) for f, v in values.items())

    def listed(self, named: Iterable[Named]) -> str:
        """Titles one after another."""
        return ", ".join(self.words.quoted(one.title) for one in named)

    def day(self, moment: datetime) -> str:
        """A date as it is read, by the clock on the wall."""
        return self.words.day(moment.astimezone(ZoneInfo(self.bundle.contact.time_zone)))

    def time(self, moment: datetime) -> str:
        """The time of day by the same clock."""
        return f"{moment.astimezone(ZoneInfo(self.bundle.contact.time_zone)):%H:%M}"

    @property
    def _journey(self) -> Journey:
        return self.bundle.journeys[self.bundle.default_journey]

    def _in(self, text: Text | None) -> str:
        return (text or {}).get(self.language) or next(iter((text or {}).values()), "")


def names_in(bundle: Bundle, site: str, wanted: str | None) -> Names:
    """The names in the wanted language, else in the first of the site's in which explanations are written."""
    spoken = bundle.sites[site].languages if site in bundle.sites else ()
    asked = (wanted or "").partition("-")[0].lower()
    known = [language for language in (*spoken, *LANGUAGES) if language in LANGUAGES]
    language = asked if asked in known and (asked in spoken or not spoken) else known[0]
    return Names(bundle, language, words_in(language))
