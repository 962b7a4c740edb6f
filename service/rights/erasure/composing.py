"""What carries erasures on, put together for the process that serves and for the one that works."""

from service.kernel.database import Database
from service.kernel.datamap import DataMap
from service.policy.commands import ActivePolicy
from service.rights.erasure.commands import Erasures
from service.rights.erasure.erasing import Eraser
from service.rights.journal.file import Journal
from service.rights.letters.commands import Letters
from service.settings import Settings
from service.subjects.commands import Subjects
from service.subjects.keyring import Keyring
from service.subjects.keys.commands import promises_of


def eraser_of(policy: ActivePolicy, subjects: Subjects, datamap: DataMap, keyring: Keyring) -> Eraser:
    """What erases people, by the keys of this deployment."""
    return Eraser(subjects=subjects, datamap=datamap, claims=keyring.claims, policy=policy)


def erasures_of(
    settings: Settings,
    database: Database,
    erasing: Database,
    policy: ActivePolicy,
    subjects: Subjects,
    datamap: DataMap,
    keyring: Keyring,
) -> Erasures:
    """What carries erasures on, as the settings say."""
    return Erasures(
        database=database,
        erasing=erasing,
        policy=policy,
        subjects=subjects,
        datamap=datamap,
        eraser=eraser_of(policy, subjects, datamap, keyring),
        signer=keyring.signing,
        issuer=settings.issuer,
        promises=promises_of(settings),
        journal=Journal(settings.journal),
        letters=Letters(policy=policy, subjects=subjects),
    )
