"""The checkpoint that was published last, in a file that no backup of the database takes with it."""

import asyncio
import os
from pathlib import Path

from service.ledger import note
from service.ledger.model import Checkpoint, CheckpointRefused


class Publication:
    """One file, replaced whole; what is in it has been said to the world and can never be unsaid."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Checkpoint | None:
        """What was published last, None where there is no file; raises `CheckpointRefused`."""
        try:
            return note.read(self.path.read_bytes().decode())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CheckpointRefused(f"{self.path} cannot be read ({error.strerror}); make that possible") from error
        except ValueError as error:
            reason = f"{self.path} holds no checkpoint, or was cut off; restore it from its copy"
            raise CheckpointRefused(reason) from error

    async def replace(self, checkpoint: Checkpoint) -> None:
        """Publish a checkpoint: afterwards it is on the disk; raises `CheckpointRefused` where it cannot be written."""
        try:
            await asyncio.to_thread(self._replace, checkpoint.note.encode())
        except OSError as error:
            reason = (
                f"{self.path} cannot be written ({error.strerror}); make that possible, or name another file in "
                "PLACET_CHECKPOINT_FILE"
            )
            raise CheckpointRefused(reason) from error

    def _replace(self, content: bytes) -> None:
        part = self.path.with_name(self.path.name + ".part")
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
