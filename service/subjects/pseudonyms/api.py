"""Pseudonyms over HTTP."""

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from service.kernel.auth import may
from service.subjects.pseudonyms.commands import PseudonymDesk
from service.subjects.pseudonyms.model import Naming, Pseudonyms


@post("/pseudonyms", operation_id="NameSubjects", guards=[may("pseudonyms")], status_code=200)
async def name_subjects(data: JSONBody[Naming], pseudonym_desk: NamedDependency[PseudonymDesk]) -> Pseudonyms:
    """The names by which one recipient may know people; another recipient's share nothing with them (Art. 25)."""
    return await pseudonym_desk.name(data)


router = Router(path="/v1", route_handlers=[name_subjects], tags=["Subjects"])
