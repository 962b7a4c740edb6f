"""The verbs of policy: check a folder, freeze it, make it the active bundle."""

from pathlib import Path

from service.kernel.database import Connection, Database
from service.policy import store
from service.policy.load import read
from service.policy.model import Bundle


class ActivePolicy:
    """The bundle in force. Whoever decides something asks once, and uses one bundle to the end."""

    def __init__(self, bundle: Bundle) -> None:
        self.current = bundle


async def activate(database: Database, folder: Path) -> Bundle:
    """Check `folder`, keep its frozen form and return it; raises `BundleRefused` with every mistake."""
    bundle, content = read(folder)

    async def keep(connection: Connection) -> None:
        await store.activate(connection, bundle.digest, content)

    await database.run("policy.activate", keep)
    return bundle
