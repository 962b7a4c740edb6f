"""The whole ledger against its checkpoints: the pass through it, with a bar, and what it found in words."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from service.kernel.database import Database
from service.ledger.audit import Audit, Finding, Report
from service.ledger.model import Checkpoint, CheckpointRefused
from service.ledger.publication import Publication


async def verify_log(database: Database, publication: Publication, publics: Sequence[bytes]) -> Report:
    """The report on the ledger as it is at this moment, with a bar on standard error."""
    try:
        published = publication.read()
    except CheckpointRefused as refused:
        return _nothing(str(refused))
    bar = Progress(
        TextColumn("Verifying"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    with bar:
        return await _passage(database, published, publics, bar)


async def _passage(database: Database, published: Checkpoint | None, publics: Sequence[bytes], bar: Progress) -> Report:
    task = bar.add_task("Verifying", total=None)

    def tell(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total)

    return await database.at_one_moment(lambda connection: Audit(publics, published, tell).run(connection))


def _nothing(reason: str) -> Report:
    return Report(sound=False, leaves=0, emptied=0, checkpoints=0, waiting=0, finding=Finding("unsigned", reason))


def sentences(report: Report) -> Iterator[str]:
    """The report, for people."""
    if report.finding:
        yield f"{report.finding.what}: {report.finding.sentence}"
        yield f"Good up to there: {report.leaves} leaves. Keep this database as it is, and compare it with a backup."
        return
    yield (
        f"The ledger is what was published: {report.leaves} leaves, of which {report.emptied} emptied by erasures, "
        f"{report.checkpoints} checkpoints; {report.waiting} entries wait to enter the tree."
    )
    if report.missing:
        yield f"{report.missing} entries are missing since a backup was restored, and an officer has closed the gap."
