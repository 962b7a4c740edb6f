"""`placet policies show`: what a bundle says, for people and for programs."""

import json

from click.testing import CliRunner

from service.cli.policies import policies
from tests.unit.policy.folder import Folder


def test_a_bundle_is_shown_in_lines(folder: Folder) -> None:
    """Purposes with their basis; offers with what they need and what they read."""
    result = CliRunner().invoke(policies, ["show", str(folder.path)])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == folder.load().digest
    assert "purpose service: contract, keeps nothing" in lines
    assert "offer welcome: needs no purpose, reads nothing" in lines
    assert "offer newsletter-picks: needs marketing_email, personalization, reads lifetime_orders" in lines


def test_a_bundle_is_shown_to_programs(folder: Folder) -> None:
    """The same as JSON."""
    result = CliRunner().invoke(policies, ["show", str(folder.path), "--json"])
    shown = json.loads(result.stdout)
    assert shown["digest"] == folder.load().digest
    assert shown["purposes"]["personalization"] == "consent"
    assert shown["offers"]["care-tips"] == {"purposes": ["personalization"], "reads": ["stage"]}


def test_one_mistake_is_counted_as_one(folder: Folder) -> None:
    """A bundle that cannot be shown ends with status 1 and what is wrong."""
    folder.edit("controller.toml", "approvals = 1", "approvals = 3")
    result = CliRunner().invoke(policies, ["show", str(folder.path)])
    assert result.exit_code == 1
    assert result.stderr == "controller.toml: approvals: must be from 1 to 2\nError: The bundle has 1 mistake.\n"
