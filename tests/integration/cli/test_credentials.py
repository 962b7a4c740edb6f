"""What a second start for trying out does to the credentials of the first."""

import msgspec

from service.cli import credentials
from service.kernel import auth
from tests.running import Running


async def _again(service: Running) -> credentials.Credentials:
    return credentials.read(await credentials.write(service.desks, service.database_url, service.keyring_url))


async def test_a_second_start_keeps_what_works(service: Running) -> None:
    """Keys and officers' tokens stay, also where the bundle has got other sites meanwhile."""
    bundle = service.desks.policy.current
    shop = bundle.sites["shop"]
    others = {f"s{n}": msgspec.structs.replace(shop, id=f"s{n}", origins=(f"https://s{n}.example",)) for n in range(9)}
    first = credentials.read(service.data_dir / "dev-credentials.json")
    service.desks.policy.current = msgspec.structs.replace(bundle, sites={**others, "shop": shop})
    assert await _again(service) == first


async def test_a_second_start_replaces_only_what_was_revoked(service: Running) -> None:
    """A key that was revoked is made anew; nobody else's credential changes."""
    first = credentials.read(service.data_dir / "dev-credentials.json")
    key_id = first.secret_key.split("_")[1]
    await service.database.run("test.revoke", lambda c: c.execute(auth.QUERIES["revoke_key"], key_id))
    second = await _again(service)
    assert second.secret_key != first.secret_key
    assert msgspec.structs.replace(second, secret_key=first.secret_key) == first


async def test_without_the_file_a_start_makes_new_credentials(service: Running) -> None:
    """A file that is lost is written anew, with credentials that work."""
    first = credentials.read(service.data_dir / "dev-credentials.json")
    (service.data_dir / "dev-credentials.json").unlink()
    second = await _again(service)
    assert not set(first.tokens) & set(second.tokens)
    assert [(await service.desks.gate.holder(token)).kind for token in second.tokens] == [
        "server", "browser", "officer", "officer"
    ]  # fmt: skip
