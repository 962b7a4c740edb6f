"""What is wrong with a bundle."""

from collections.abc import Sequence

from msgspec import Struct


class Mistake(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing wrong with a bundle: the file, the place in it (`offer.guide.rule`), what is wrong and what to do."""

    file: str
    path: str
    message: str


class BundleRefused(Exception):
    """The bundle has mistakes; `faults` holds all of them, in order of file and path."""

    def __init__(self, faults: Sequence[Mistake]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join(f"{fault.file}: {fault.path}: {fault.message}" for fault in self.faults))
