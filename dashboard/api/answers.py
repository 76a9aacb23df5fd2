"""How every router answers: records as JSON, problems as `{"error": word, "message": what to do}`."""

import math
from collections.abc import Mapping
from typing import Annotated, Final

import psycopg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import Field
from starlette.exceptions import HTTPException

from alerts.core.errors import (
    BadContent,
    BadDocument,
    IllegalMove,
    NotAllowed,
    Refusal,
    UnknownAlert,
    UnknownMessage,
    VersionConflict,
)
from dashboard.security.guard import NO_DATABASE, refusal
from dashboard.security.problems import NotFound, Problem
from dashboard.shapes import encode
from tracker.organisation.errors import Conflict, Invalid, Refused, Unknown

__all__ = ["NotFound", "Problem"]  # every router raises them

NO_NUL: Final = r"^[^\x00]*$"
# For paths and queries alike. PostgreSQL's text takes no NUL, its integer 31 bits.
Id = Annotated[int, Field(ge=1, le=2**31 - 1)]
Limit = Annotated[int, Field(ge=1, le=500)]
Offset = Annotated[int, Field(ge=0, le=10_000_000)]
Words = Annotated[str, Field(max_length=100, pattern=NO_NUL)]

REFUSALS: Final[Mapping[type[Refusal], tuple[int, str]]] = {
    NotAllowed: (403, "not_allowed"),
    IllegalMove: (409, "illegal_move"),
    VersionConflict: (409, "version_conflict"),
    UnknownAlert: (404, "not_found"),
    UnknownMessage: (404, "not_found"),
    BadContent: (422, "bad_content"),
    BadDocument: (422, "bad_document"),
}
STATUS_OF_REFUSED: Final[Mapping[type[Refused], int]] = {Unknown: 404, Conflict: 409, Invalid: 422}
WORDS_OF_STATUS: Final[Mapping[int, str]] = {404: "not_found", 405: "method_not_allowed"}


def answer(value: object, status: int = 200) -> Response:
    return Response(encode(value), status, media_type="application/json")


def language_of(request: Request) -> str:
    """Return zh or en: the first language the browser names, Chinese when it names none."""
    return "zh" if request.headers.get("accept-language", "zh").lower().startswith("zh") else "en"


def install(app: FastAPI) -> None:
    """Make `app` answer every problem in our one form."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(psycopg.OperationalError, _no_database)


async def _problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)  # noqa: S101 - registered for this type
    response = refusal(problem.status, problem.error, problem.words.in_language(language_of(request)))
    if problem.retry_after_s is not None:
        response.headers["Retry-After"] = str(math.ceil(problem.retry_after_s))
    return response


async def _refusal(request: Request, refused: Exception) -> Response:
    assert isinstance(refused, Refusal)  # noqa: S101 - for the type checker: Starlette's signature is wider
    status, word = REFUSALS[type(refused)]
    return refusal(status, word, refused.reason.in_language(language_of(request)))


async def _refused(request: Request, refused: Exception) -> Response:
    assert isinstance(refused, Refused)  # noqa: S101 - for the type checker: Starlette's signature is wider
    status = next((status for kind, status in STATUS_OF_REFUSED.items() if isinstance(refused, kind)), 422)
    field = refused.field if isinstance(refused, Invalid) else ""
    return refusal(status, refused.word, refused.in_language(language_of(request)), field=field)


async def _invalid(_request: Request, invalid: Exception) -> Response:
    assert isinstance(invalid, RequestValidationError)  # noqa: S101
    reasons = [f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in invalid.errors()[:5]]
    return refusal(422, "bad_request", "; ".join(reasons))


async def _http(_request: Request, wrong: Exception) -> Response:
    assert isinstance(wrong, HTTPException)  # noqa: S101 - for the type checker: Starlette's signature is wider
    return refusal(wrong.status_code, WORDS_OF_STATUS.get(wrong.status_code, "bad_request"), str(wrong.detail))


async def _no_database(_request: Request, _lost: Exception) -> Response:
    return refusal(*NO_DATABASE)
