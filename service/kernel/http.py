"""Every exception becomes a problem (RFC 9457): those of the domains as they are, the framework's in our words."""

from typing import Any, cast

from litestar import Request, Response
from litestar.enums import ParamType
from litestar.exceptions import (
    ClientException,
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)

from service.kernel.log import crash
from service.kernel.problem import (
    MEDIA_TYPE,
    Fault,
    InternalError,
    InvalidBody,
    MalformedBody,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    Problem,
)

type_of_request = Request[Any, Any, Any]


def respond(request: type_of_request, problem: Problem) -> Response[dict[str, object]]:
    """The response that a problem is."""
    instance = f"urn:uuid:{request.scope['state'].get('request_id', '')}"
    return Response(
        problem.document(instance), status_code=problem.status, media_type=MEDIA_TYPE, headers=problem.headers
    )


def answer(request: type_of_request, error: Exception) -> Response[dict[str, object]]:
    """The response to an exception; what nobody foresaw is logged by its place and answered without its text."""
    problem = _problem(error)
    if isinstance(problem, InternalError):
        crash("request.crashed", error, request_id=request.scope["state"].get("request_id"))
    return respond(request, problem)


def _problem(error: Exception) -> Problem:
    match error:
        case Problem():
            return error
        case NotFoundException():
            return NotFound("The reference at /docs lists the addresses of this service.")
        case MethodNotAllowedException():
            return MethodNotAllowed("The reference at /docs lists what this address answers to.", headers=error.headers)
        case ValidationException():
            return _unfitting(error)
        case HTTPException() if error.status_code < 500:  # noqa: PLR2004 - RFC 9110: below 500 the request is at fault
            return _client(error)
        case _:
            return InternalError("The fault is on our side and was logged under this request id.")


def _client(error: HTTPException) -> Problem:
    """A request that could not even be read; a `Problem` that the framework wrapped comes out again."""
    cause = error.__cause__ or error.__context__
    if isinstance(cause, Problem):
        return cause
    if isinstance(error, ClientException):
        return MalformedRequest("Part of the request could not be read; check the address, the query and the headers.")
    return NotFound("The reference at /docs lists the addresses of this service.")


def _unfitting(error: ValidationException) -> Problem:
    """Parameters that did not fit, by their names only, since a value may be an identifier; or a body that is missing.

    A body that is there is read by `kernel/body.py`.
    """
    extra = cast("list[object]", error.extra) if isinstance(error.extra, list) else []
    named = [cast("dict[str, str]", item) for item in extra if isinstance(item, dict)]
    if any(item.get("source") == "body" for item in named):
        return MalformedBody("The body is empty.")
    faults = [
        Fault(f"{ParamType(item.get('source', 'query')).value}.{item['key']}", "does not have the expected form")
        for item in named
        if item.get("key")
    ]
    return InvalidBody("The request does not have the expected form.", faults=faults)


handlers: dict[int | type[Exception], Any] = {Exception: answer, HTTPException: answer, Problem: answer}
