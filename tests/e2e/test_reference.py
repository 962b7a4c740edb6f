"""The interactive reference in a browser."""

import asyncio
import re
from collections.abc import Sequence

from tests.running import Running

CONSOLE = re.compile(r"CONSOLE[^\"]*\"(?P<text>[^\n]*)")
SHOWN = re.compile(r'id="operations-(?!tag-)[^"]*?-(?P<operation>\w+)"')


async def test_the_reference_shows_every_operation(service: Running, browse: Sequence[str]) -> None:
    """Opened without any network but the service itself, /docs lists each operation and nothing is refused or fails."""
    description = (await service.http.get("/docs/openapi.json")).json()
    described = {operation["operationId"] for path in description["paths"].values() for operation in path.values()}
    browser = await asyncio.create_subprocess_exec(
        *browse,
        f"{service.http.base_url.join('/docs')}",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    page, log = await asyncio.wait_for(browser.communicate(), timeout=60)
    assert {found["operation"] for found in SHOWN.finditer(page.decode())} == described
    assert [found["text"] for found in CONSOLE.finditer(log.decode())] == []
