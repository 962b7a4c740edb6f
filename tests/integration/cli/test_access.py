"""Making a key: a publishable one of which sites, a secret one of which recipients."""

import asyncio
import os
import shutil
import sys
from pathlib import Path

from service.policy.commands import activate
from tests.integration.cli.playing import ROOT, Ended, ended
from tests.running import Running, succeeded


async def _create(database_url: str, site: str, option: str = "--site") -> Ended:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLACET_")}
    command = ("-m", "service.cli", "api-keys", "create", "--label", "pages", option, site)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        cwd=ROOT,
        env=environment | {"PLACET_DATABASE_URL": database_url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    return await ended(process)


async def test_a_key_for_a_site_that_does_not_exist_is_refused(service: Running) -> None:
    """A key of no site could call from nowhere; the sites that there are are listed."""
    before = await service.count("api_keys")
    made = await _create(service.database_url, "nosuch")
    assert (made.status, made.said) == (2, "")
    assert "unknown site nosuch; the active bundle has shop" in made.complained
    assert await service.count("api_keys") == before


async def test_a_key_for_a_site_of_the_active_bundle_is_made(
    service: Running, policies_dir: Path, tmp_path: Path
) -> None:
    """The sites are those of the active bundle, not those of the folder that the command happens to see."""
    other = tmp_path / "policies"
    shutil.copytree(policies_dir, other)
    sites = other / "sites.toml"
    shop = sites.read_text()
    sites.write_text(shop + shop.replace("[site.shop]", "[site.outlet]").replace("8000", "8001"))
    await activate(service.database, other)
    made = await _create(service.database_url, "outlet")
    assert (made.status, made.said.startswith("pk_")) == (0, True), made.complained
    assert "has outlet, shop" in (await _create(service.database_url, "nosuch")).complained


async def test_before_the_first_start_the_folder_counts(database_url: str) -> None:
    """A database without a bundle takes the sites of the bundle that it is about to get."""
    assert (await _create(database_url, "shop")).status == 0
    assert (await _create(database_url, "nosuch")).status == 2


async def test_a_key_of_a_recipient_follows_its_changes(service: Running) -> None:
    """A key made for a recipient of the bundle follows its changes; the scope alone, and another name, are refused."""
    made = await _create(service.database_url, "crm", "--recipient")
    assert made.status == 0, made.complained
    assert succeeded(await service.get("/v1/consents/changes", key=made.said.strip()))["changes"] == []
    for option, value in (("--recipient", "nobody"), ("--scope", "consent:changes")):
        refused = await _create(service.database_url, value, option)
        assert (refused.status, refused.said) == (2, "")
