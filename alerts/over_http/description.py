"""What a description of a gateway over HTTP can say: YAML that people write, read once. Pure.

Texts hold places in braces: `{number}`, `{text}`, a value of the gateway's, or, where an answer or a callback is read,
a path into it: `{Response.Error.Code}`. Places of a document whose path leads nowhere are empty.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from alerts.core.verdicts import Fate, Verdict

PLACE: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)\}")
OPERATORS: Final = frozenset({"each", "json", "variables"})
# What is known of each message; `coding` is Kannel's: 0 for the alphabet of 7 bits, else 2
MESSAGE_NAMES: Final = frozenset(
    {"number", "digits", "national", "text", "delivery", "attempt", "valid_s", "valid_min", "coding", "template"}
)

STATUS_URL: Final = "status_url"  # where the operator is to tell what became of a message


class BadDescription(Exception):  # noqa: N818 - of theirs
    """The description cannot be used; the message says where and why."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Batch(_Strict):
    """How many messages a request may carry; `shares`: they have one text, or one template with the same variables.

    No number stands twice in a request.
    """

    most: Annotated[int, Field(ge=1, le=1_000)] = 1
    shares: bool = False


class Request(_Strict):
    """A key that ends in `?` is left out where its value is empty.

    In `query`, `form` and `json` an object of one key is an operator: `each` makes a list with an item for each
    message, `json` the text of what is in it, `variables` the template's variables (`object` or `list`).
    """

    method: Literal["GET", "POST"] = "POST"
    url: str
    headers: dict[str, str] = {}
    query: dict[str, Any] = {}
    form: dict[str, Any] | None = None
    document: Annotated[dict[str, Any] | None, Field(alias="json")] = None

    @model_validator(mode="after")
    def _one_body(self) -> "Request":
        if self.form is not None and self.document is not None:
            raise ValueError("a request has a form or a JSON document, not both")
        return self


class Signing(_Strict):
    """`key` says who we are, `secret` names the secret that proves it."""

    by: Literal["nothing", "basic", "aliyun_rpc", "tc3"] = "nothing"
    key: str = ""
    secret: str = ""
    service: str = ""  # of tc3


class _Rule(_Strict):
    """Holds where what stands at `at` is one of `is`, or begins like one of `starts`. `http`: the answer's status."""

    at: str
    values: Annotated[tuple[str, ...], Field(alias="is")] = ()
    starts: tuple[str, ...] = ()

    def holds(self, found: str) -> bool:
        return found in self.values or (bool(self.starts) and found.startswith(self.starts))


class VerdictRule(_Rule):
    then: Verdict


class FateRule(_Rule):
    then: Fate


class Answer(_Strict):
    """The first rule of `whole` that holds speaks for all messages of a request; else `single` speaks for each.

    `each` leads to the list of the messages' own answers; they are in the order of the request, or `number` says whose
    each is. `id` is what callbacks will call the message.
    """

    format: Literal["json", "text"] = "json"
    whole: tuple[VerdictRule, ...] = ()
    each: str = ""
    number: str = ""
    single: tuple[VerdictRule, ...] = ()
    id: str
    word: str = ""


class Check(_Strict):
    """A request that sends nothing and shows whether name, secret and template are known."""

    request: Request
    format: Literal["json", "text"] = "json"
    rules: tuple[VerdictRule, ...]
    word: str = ""


Format = Literal["json", "form", "query"]


class Status(_Strict):
    """A callback about one message, or a list of them. `number` is brought to E.164 before `id` is made."""

    format: Format = "json"
    number: str = ""
    id: str
    word: str = ""
    rules: tuple[FateRule, ...]


class Inbound(_Strict):
    """A callback with what somebody wrote. `id` is the operator's name of it: what comes twice is kept once."""

    format: Format = "json"
    id: str
    source: str
    destination: str = ""
    text: str


class Reply(_Strict):
    """What the operator wants to hear when we have it."""

    status: int = 200
    type: str = "application/json"
    body: str = "{}"


class Callbacks(_Strict):
    """`proof`: how a callback shows whose it is: a secret at the end of its path, or Twilio's signature."""

    proof: Literal["path", "twilio"] = "path"
    secret: str = "callback"  # noqa: S105 - the name of the secret
    reply: Reply = Reply()
    status: Status | None = None
    inbound: Inbound | None = None


class Description(_Strict):
    """`values`: what a gateway's settings may fill in, with its default; null is one that must be given."""

    values: dict[str, str | None] = {}
    secrets: tuple[str, ...] = ()
    sends: Literal["text", "template"] = "text"
    batch: Batch = Batch()
    request: Request
    sign: Signing = Signing()
    answer: Answer
    check: Check | None = None
    callbacks: Callbacks | None = None

    @model_validator(mode="after")
    def _places_are_known(self) -> "Description":
        known = {STATUS_URL} | MESSAGE_NAMES | set(self.values) | set(self.secrets)
        requests = [self.request, *([] if self.check is None else [self.check.request])]
        asked = [text for one in requests for text in _texts(one.model_dump())]
        strange = sorted({place for text in [*asked, self.sign.key] for place in PLACE.findall(text)} - known)
        if strange:
            raise ValueError(f"nothing is called {strange[0]}: it is no value, no secret and nothing of a message")
        wanted = {self.sign.secret, self.callbacks.secret if self.callbacks else ""} - {"", *self.secrets}
        if wanted:
            raise ValueError(f"{min(wanted)} is not among the secrets")
        return self


def read(text: str) -> Description:
    """Read a description. Raises BadDescription."""
    try:
        given: Any = yaml.safe_load(text)
    except yaml.YAMLError as wrong:
        raise BadDescription(" ".join(str(wrong).split())) from wrong
    try:
        return Description.model_validate(given)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the description"
        raise BadDescription(f"{place}: {first['msg']}") from wrong


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from _texts(inner)
        case list() | tuple():
            for inner in value:
                yield from _texts(inner)
        case _:
            return
