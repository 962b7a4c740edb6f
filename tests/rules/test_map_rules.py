"""The map, over HTTP: the report as a picture, and nothing that the report withholds."""

from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from tests.rules.test_report_rules import STAGES, reported, stand
from tests.running import Running, refused
from tests.unit.policy.folder import Folder

MAP = "/v1/journeys/see-think-do-care/map.svg"
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '</text><script>alert(1)</script>&amp;\\" onload=\\"x'


@pytest.fixture
def policies_dir(tmp_path: Path) -> Path:
    """The bundle that ships, with a title that is up to no good."""
    folder = Folder(tmp_path / "policies")
    folder.edit("journeys/see-think-do-care.toml", 'en = "Think"', f'en = "{HOSTILE}"')
    return folder.path


async def drawn(service: Running, query: str = "", **headers: str) -> Xml.Element:
    """The map as an officer gets it, parsed."""
    answer = await service.get(f"{MAP}?{query}", key=service.officers[0], headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml"), answer.text
    return Xml.fromstring(answer.content)  # noqa: S314 - our own


def words(picture: Xml.Element) -> list[str]:
    """All that is written on a map."""
    return [element.text or "" for element in picture.iter(f"{SVG}text")]


@pytest.mark.rule("D10")
async def test_the_map_draws_nothing_that_the_report_withholds(service: Running) -> None:
    """A group that the report does not tell of is crossed out, and its number is nowhere in the file."""
    for event in ("search", "view_product"):
        await stand(service, 17, event)
    await stand(service, 4, STAGES["do"])
    for event in ("delivery", "onboarding"):
        await stand(service, 26, event)
    report = await reported(service)
    assert [row["people"] for row in report["stages"]][1:4] == [None, None, 52]
    picture = await drawn(service, "language=en")
    said = [
        word for text in [*words(picture), *(picture.findtext(f"{SVG}desc") or "").split()] for word in text.split()
    ]
    assert said.count("withheld") >= 2
    assert "52" in said
    assert not {"34", "4", "38"} & set(said)
    assert "url(#withheld)" in {element.get("fill") for element in picture.iter(f"{SVG}rect")}


async def test_the_map_speaks_italian_and_english(service: Running) -> None:
    """By `?language=`, else as the browser likes it, else in Italian; title and description can be read aloud."""
    english, italian = "See, think, do, care", "Vedere, pensare, fare, curare"
    assert english in words(await drawn(service, "language=en", **{"Accept-Language": "it"}))
    assert english in words(await drawn(service, **{"Accept-Language": "de, en-GB;q=0.8, it;q=0.5"}))
    assert italian in words(await drawn(service, **{"Accept-Language": "de"}))
    picture = await drawn(service)
    assert (picture.get("role"), picture.get("aria-labelledby")) == ("img", "title description")
    assert picture.findtext(f"{SVG}title") == f"Mappa del percorso: {italian}"
    assert picture.findtext(f"{SVG}desc")


async def test_the_map_is_a_page_that_can_be_printed(service: Running) -> None:
    """A4 across, nothing from elsewhere, no script, no style, whatever the texts of the bundle are."""
    await stand(service, 30, *STAGES.values(), STAGES["think"])
    picture = await drawn(service, "language=en")
    assert (picture.get("width"), picture.get("height"), picture.get("viewBox")) == ("297mm", "210mm", "0 0 1188 840")
    shapes = {"svg", "title", "desc", "defs", "pattern", "g", "rect", "path", "circle", "text"}
    assert {element.tag.removeprefix(SVG) for element in picture.iter()} <= shapes
    attributes = {name for element in picture.iter() for name in element.attrib}
    assert not {name for name in attributes if name.startswith("on") or "href" in name or name == "style"}
    assert any(text.startswith("</text>") for text in words(picture))


async def test_the_map_is_asked_for_like_the_report(service: Running) -> None:
    """The same people may have it, and the same questions are refused."""
    refused(await service.get(MAP, key=await service.key("journey:read")), 403, "forbidden")
    refused(await service.get(f"{MAP}?channel=nowhere", key=service.officers[0]), 422, "report-refused")
    refused(await service.get("/v1/journeys/odyssey/map.svg", key=service.officers[0]), 404, "not-found")
    await stand(service, 12, "search", channel="app")
    assert any("App" in text for text in words(await drawn(service, "channel=app&language=en")))
