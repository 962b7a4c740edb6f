"""The rules of pseudonyms, over HTTP."""

import pytest

from service.kernel.crypto import from_text
from tests.consenting import visitor
from tests.filing import erase
from tests.linking import LINK
from tests.running import Json, Running, customer, refused, succeeded

PSEUDONYMS = "/v1/pseudonyms"
ADA, BOB = customer("ada"), customer("bob")


async def named(service: Running, recipient: str, *subjects: Json) -> list[str | None]:
    """The pseudonyms of subjects for a recipient, which must be given."""
    answer = await service.post(PSEUDONYMS, {"recipient": recipient, "subjects": list(subjects)})
    return succeeded(answer)["pseudonyms"]


@pytest.mark.rule("I4")
async def test_two_recipients_have_nothing_in_common(service: Running) -> None:
    """Two recipients' pseudonyms for one subject share nothing: none of one is another's, nor begins like it."""
    people = [customer(f"customer {n}") for n in range(50)]
    ids = {(await service.give(person, "analytics"))["subject_id"] for person in people}
    given = [await named(service, recipient, *people) for recipient in ("newsletter", "crm", "ads")]
    every = [pseudonym for pseudonyms in given for pseudonym in pseudonyms if pseudonym]
    assert len(every) == len(set(every)) == 150
    assert {len(from_text(pseudonym)) for pseudonym in every} == {32}
    assert len({pseudonym[:8] for pseudonym in every}) == 150
    assert ids.isdisjoint(every)


@pytest.mark.rule("I4")
async def test_a_recipient_knows_a_subject_by_one_name(service: Running) -> None:
    """Two recipients' pseudonyms share nothing, and one recipient's stay, by any identifier and in any order."""
    cookie, _ = await visitor(service)
    linked = {"kind": "cookie", "value": cookie}
    for person in (ADA, BOB):
        await service.give(person, "analytics")
    succeeded(await service.post(LINK, {"anonymous": linked, "known": ADA}))
    ada, bob = await named(service, "crm", ADA, BOB)
    assert await named(service, "crm", BOB, linked, ADA, ADA) == [bob, ada, ada, ada]
    await service.withdraw(ADA)
    assert await named(service, "crm", ADA) == [ada]


@pytest.mark.rule("I4")
async def test_a_stranger_has_no_pseudonym_and_nobody_is_made(service: Running) -> None:
    """Two recipients' pseudonyms share nothing, and who is not known has none: null, in a thousand at once too."""
    await service.give(ADA, "analytics")
    before = await service.contents()
    thousand = [customer(f"stranger {n}") for n in range(999)]
    given = await named(service, "crm", *thousand, ADA)
    assert given[:-1] == [None] * 999
    assert given[-1] is not None
    assert await service.contents() == before
    assert await service.keyring.fetchval("SELECT count(*) FROM subject_keys") == 1


@pytest.mark.rule("I4")
async def test_after_shredding_nobody_can_compute_a_pseudonym_again(service: Running) -> None:
    """Two recipients' pseudonyms share nothing, and an erased person's none with anything: the secret is gone."""
    await service.give(ADA, "analytics")
    (before,) = await named(service, "crm", ADA)
    await erase(service, ADA)
    assert await named(service, "crm", ADA) == [None]
    assert await service.keyring.fetchval("SELECT count(*) FROM subject_keys") == 0
    await service.give(ADA, "analytics")
    (after,) = await named(service, "crm", ADA)
    assert after not in (None, before)


async def test_a_wrong_question_names_nobody(service: Running) -> None:
    """An unknown recipient, an identifier of no form, nobody or too many: 422, with the place and without the value."""
    wrong = {"kind": "email", "value": "marker@@example.com"}
    unknown = await service.post(PSEUDONYMS, {"recipient": "marker", "subjects": [ADA]})
    assert "recipients.toml has" in refused(unknown, 422, "recipient-unknown")["errors"][0]["message"]
    formless = await service.post(PSEUDONYMS, {"recipient": "crm", "subjects": [ADA, wrong]})
    assert refused(formless, 422, "identifier-refused")["errors"][0]["path"] == "$.subjects[1]"
    for subjects in ([], [ADA] * 1001):
        refused(await service.post(PSEUDONYMS, {"recipient": "crm", "subjects": subjects}), 422, "invalid-body")
    assert "marker" not in unknown.text + formless.text
