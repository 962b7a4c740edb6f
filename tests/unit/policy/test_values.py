"""How values are judged, and told."""

import pytest

from tests.unit.policy.folder import Folder


@pytest.mark.parametrize(
    "origin",
    [
        "shop.example",
        "https://shop.example/",
        "https://shop.example/path",
        "https://Shop.example",
        "https://user@shop.example",
        "https://shop.example?x",
        "https://*.shop.example",
        "https://",
        "https://shop.example:443",
        "http://shop.example:80",
        "https://shop.example:0",
        "https://shop.example:65536",
        "https://shop.example:port",
        "ftp://shop.example",
        "http://[::1",
        "null",
        "*",
    ],
)
def test_what_no_browser_sends_is_no_origin(folder: Folder, origin: str) -> None:
    """An origin that can never match would lock a site out without a word."""
    folder.edit("sites.toml", '"http://localhost:8000"', f'"{origin}"')
    assert [(file, path) for file, path, _ in folder.mistakes()] == [("sites.toml", "site.shop.origins[1]")]


@pytest.mark.parametrize(
    "origin", ["https://shop.example", "https://shop.example:8443", "http://[::1]:8000", "http://80.example"]
)
def test_origins_are_scheme_host_and_port(folder: Folder, origin: str) -> None:
    """As browsers send them."""
    folder.edit("sites.toml", '"http://localhost:8000"', f'"{origin}"')
    assert folder.load().sites["shop"].origins[1] == origin


@pytest.mark.parametrize(
    "endpoint",
    [
        "crm.example",
        "http://crm.example/changes",
        "https://user@crm.example/changes",
        "https://crm.example/changes?key=secret",
        "https://crm.example/changes#here",
        "https://crm.example:port/",
        "https:///changes",
    ],
)
def test_what_would_show_a_secret_is_no_endpoint(folder: Folder, endpoint: str) -> None:
    """Messages go over https, to an address that may stand in a log."""
    folder.edit("recipients.toml", 'role = "own"', f'role = "own"\nendpoint = "{endpoint}"')
    assert [(file, path) for file, path, _ in folder.mistakes()] == [("recipients.toml", "recipient.crm.endpoint")]


def test_a_recipient_may_have_an_endpoint(folder: Folder) -> None:
    """One without is declared and told nothing, as those that ship are."""
    folder.edit("recipients.toml", 'role = "own"', 'role = "own"\nendpoint = "https://crm.example:8443/changes"')
    endpoints = {recipient.id: recipient.endpoint for recipient in folder.load().recipients.values()}
    assert endpoints == {"newsletter": None, "crm": "https://crm.example:8443/changes", "ads": None}


def test_a_value_is_never_told_back(folder: Folder) -> None:
    """A message says what is wrong, and no library's words."""
    folder.edit("controller.toml", "approvals = 1", 'approvals = "secret-value"')
    folder.edit("sites.toml", '"http://localhost:8000"', '"secret-value"')
    told = " ".join(message for _, _, message in folder.mistakes())
    assert "secret-value" not in told
    assert "Expected" not in told


def test_keys_of_unusual_form_are_quoted(folder: Folder) -> None:
    """A key cannot draw on the terminal of whoever reads of it."""
    folder.add("controller.toml", '"\\u001b[31m" = 1\n')
    assert [path for _, path, _ in folder.mistakes()] == ['"\\u001b[31m"']
