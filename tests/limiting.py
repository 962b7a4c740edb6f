"""The shop with offers and limits of a test's own."""

import shutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.running import Running, running

Shop = Callable[..., AbstractAsyncContextManager[Running]]


def offer(name: str, *, placements: tuple[str, ...] = ("home_hero",), keys: str = "", priority: int = 90) -> str:
    """An offer, as a file says it, for whoever allows personalization; `keys` are lines of its own."""
    purposes = "" if "purposes" in keys else 'purposes = ["personalization"]\n'
    words = "".join(
        f'\n[offer.{name}.content.{language}]\nheadline = "{name} {language}"\n' for language in ("it", "en")
    )
    head = f'[offer.{name}]\ntitle = {{ it = "{name}", en = "{name}" }}\nplacements = {list(placements)}\n'
    return f"\n{head}{purposes}priority = {priority}\n{keys}\n{words}"


def cap(name: str, limit: int, **more: Any) -> str:
    """A cap, as a file says it: of decisions, for one person, for each offer, in a month, unless said otherwise."""
    said = {"event": "decision", "scope": "subject", "per": "offer", "window": "month", "limit": limit} | more
    return f"\n[cap.{name}]\n" + "".join(f"{key} = {value!r}\n" for key, value in said.items())


def placement(name: str, **more: Any) -> str:
    """A placement, as a file says it, that falls back on an offer of its own."""
    head = (
        f'\n[placement.{name}]\ntitle = {{ it = "{name}", en = "{name}" }}\nsite = "shop"\nfallback = "{name}-usual"\n'
    )
    return head + "".join(f"{key} = {value!r}\n" for key, value in more.items())


def usual(name: str) -> str:
    """The offer that such a placement falls back on."""
    return offer(f"{name}-usual", placements=(name,), keys="purposes = []")


def write(folder: Path, offers: str, contact: str, placements: str = "", holdout: float = 0) -> Path:
    """The policies of the shop with more offers, and with contact rules of their own."""
    shutil.copytree(ROOT / "policies", folder)
    (folder / "offers" / "own.toml").write_text(offers)
    file = folder / "contact.toml"
    groups = file.read_text().partition("# Caps")[0].replace("share = 0.0", f"share = {holdout}")
    file.write_text(groups + contact)
    (folder / "placements.toml").write_text((folder / "placements.toml").read_text() + placements)
    return folder


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Shop:
    """A way to start the shop with offers, contact rules and placements of one's own, as files say them."""

    def start(
        offers: str = "", contact: str = "", placements: str = "", holdout: float = 0
    ) -> AbstractAsyncContextManager[Running]:
        folder = tmp_path / "policies"
        if not folder.exists():
            write(folder, offers, contact, placements, holdout)
        return running(database_url, folder, tmp_path / "data")

    return start
