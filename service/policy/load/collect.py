"""From the files of a bundle to its forms: which file is which form, and whether whatever is named exists."""

from collections.abc import Collection, Mapping
from typing import TypeVar

from msgspec import Struct

from service.policy.load import forms, notices
from service.policy.load.files import Files
from service.policy.load.fill import Filler, Reference, blank
from service.policy.load.forms import Forms
from service.policy.load.mistakes import WHOLE, Mistakes, hint, key_path
from service.policy.load.values import identity
from service.policy.load.words import LANGUAGES

T = TypeVar("T", bound=Struct)

_SINGLE = frozenset(
    f"{name}.toml"
    for name in (
        "controller",
        "identity",
        "purposes",
        "sites",
        "recipients",
        "channels",
        "fields",
        "placements",
        "contact",
        "personas",
        "retention",
    )
)
_SEVERAL = ("journeys/", "offers/")
_EXPECTED = (*_SINGLE, "journeys/<id>.toml", "offers/<id>.toml", "notices/<id>/<version>.<language>.md")


def collect(files: Files, mistakes: Mistakes) -> Forms:
    """The forms that the files fill in; notes every file out of place, wrong value and broken reference."""
    _refuse_strangers(files, mistakes)
    desk = _Desk(files, mistakes)
    collected = Forms(
        controller=desk.only(forms.ControllerFile, "controller.toml"),
        identity=desk.only(forms.IdentityFile, "identity.toml"),
        purposes=desk.only(forms.PurposesFile, "purposes.toml"),
        sites=desk.only(forms.SitesFile, "sites.toml"),
        recipients=desk.only(forms.RecipientsFile, "recipients.toml"),
        channels=desk.only(forms.ChannelsFile, "channels.toml"),
        fields=desk.only(forms.FieldsFile, "fields.toml"),
        placements=desk.only(forms.PlacementsFile, "placements.toml"),
        contact=desk.optional(forms.ContactFile, "contact.toml"),
        personas=desk.optional(forms.PersonasFile, "personas.toml"),
        retention=desk.only(forms.RetentionFile, "retention.toml"),
        journeys=desk.several(forms.JourneyFile, "journeys/"),
        offers=desk.several(forms.OffersFile, "offers/"),
        notices=notices.read(desk.filler, files, mistakes),
    )
    _note_caps(collected, desk.filler, mistakes)
    _refuse_broken(collected, desk.filler, files, mistakes)
    _refuse_untranslated(collected, desk.filler, mistakes)
    return collected


def default_journey(collected: Forms) -> str | None:
    """The file of the journey that says it is the default one; None where none or several do."""
    defaults = [file for file, journey in collected.journeys.items() if journey.default]
    return defaults[0] if len(defaults) == 1 else None


def stem(file: str) -> str:
    """The id that a file gives to what it holds: journeys/aida.toml holds `aida`."""
    return file.rpartition("/")[2].removesuffix(".toml")


class _Desk:
    """Fills in the form of one file, or those of all files in a folder."""

    def __init__(self, files: Files, mistakes: Mistakes) -> None:
        self._files = files
        self._mistakes = mistakes
        self.filler = Filler(mistakes)

    def only(self, form: type[T], file: str) -> T:
        if file in self._files:
            return self.filler.fill(form, file, self._files[file])
        self._mistakes.add_unusable(file, WHOLE, "is missing; add it, as in the example shop")
        return blank(form)

    def optional(self, form: type[T], file: str) -> T:
        return self.filler.fill(form, file, self._files.get(file, ""))

    def several(self, form: type[T], folder: str) -> dict[str, T]:
        names = sorted(file for file in self._files if file.startswith(folder) and file.endswith(".toml"))
        for file in names:
            if fault := identity(stem(file)):
                self._mistakes.add(file, "name", f"the file's name, before .toml, {fault}")
        return {file: self.filler.fill(form, file, self._files[file]) for file in names}


def _refuse_strangers(files: Files, mistakes: Mistakes) -> None:
    for file in files.keys() - _SINGLE:
        if file.startswith(_SEVERAL) and file.endswith(".toml") and file.count("/") == 1:
            continue
        if not notices.NAME.fullmatch(file):
            mistakes.add(file, WHOLE, f"a bundle has no such file; {hint(file, _EXPECTED)}")


def _note_caps(collected: Forms, filler: Filler, mistakes: Mistakes) -> None:
    """What a cap names is of the kind that it counts."""
    for cap, form in collected.contact.cap.items():
        path = key_path("cap", cap)
        if mistakes.spoiled("contact.toml", f"{path}.per"):
            continue
        for place, name in enumerate(form.only):
            filler.references.append(Reference("contact.toml", f"{path}.only[{place}]", form.per, name))


def _refuse_broken(collected: Forms, filler: Filler, files: Files, mistakes: Mistakes) -> None:
    known = _known(collected, files, mistakes)
    for reference in filler.references:
        names = known[reference.kind]
        if names is not None and reference.name not in names:
            message = f"there is no such {reference.kind}; {hint(reference.name, names)}"
            mistakes.add(reference.file, reference.path, message)


def _known(collected: Forms, files: Files, mistakes: Mistakes) -> Mapping[str, Collection[str] | None]:
    """What there is to name, by kind; None where a mistake elsewhere leaves that open."""

    def sure(names: Collection[str], *places: tuple[str, str]) -> Collection[str] | None:
        return None if any(mistakes.spoiled(*place) for place in places) else names

    def all_in(folder: str, names: Collection[str]) -> Collection[str] | None:
        return None if mistakes.unusable_in(folder) else names

    journey = default_journey(collected)
    offers = {offer for file in collected.offers.values() for offer in file.offer}
    return {
        "purpose": sure(collected.purposes.purpose, ("purposes.toml", "purpose")),
        "recipient": sure(collected.recipients.recipient, ("recipients.toml", "recipient")),
        "channel": sure(collected.channels.channel, ("channels.toml", "channel")),
        "site": sure(collected.sites.site, ("sites.toml", "site")),
        "placement": sure(collected.placements.placement, ("placements.toml", "placement")),
        "offer": all_in("offers/", offers) and sure(offers, *((file, "offer") for file in collected.offers)),
        "calendar": sure(collected.contact.calendar, ("contact.toml", "calendar")),
        "group": sure(collected.contact.group, ("contact.toml", "group")),
        "notice": all_in("notices/", {name[1] for file in files if (name := notices.NAME.fullmatch(file))}),
        "stage": sure(collected.journeys[journey].stage, (journey, "stage")) if journey else None,
    }


def _refuse_untranslated(collected: Forms, filler: Filler, mistakes: Mistakes) -> None:
    """Every text stands in each language of the sites."""
    wanted = {language for site in collected.sites.site.values() for language in site.languages} & LANGUAGES
    for file, path, words in filler.texts:
        for language in wanted - words.keys():
            mistakes.add(file, key_path(path, language), "is missing; a site has this language, so write it out")
