"""What is known of a gateway over HTTP beforehand: its description, and the city's account there. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from alerts.core.number_caps import NO_CAPS, NumberCaps
from alerts.core.numbers import national
from alerts.core.texts import is_gsm7, parts
from alerts.over_http.callbacks import Network
from alerts.over_http.description import STATUS_URL, Description, Request
from alerts.over_http.filling import Letter, fields, grown, named
from alerts.over_http.signing import Draft, Ready, signed
from alerts.over_http.wording import Template, placed

LONGEST_VALIDITY_S: Final = 36_000  # Twilio's; what waits longer at an operator has missed its warning anyway
SHORTEST_VALIDITY_S: Final = 60


class TooLong(Exception):  # noqa: N818 - a refusal of a text
    """The text needs more segments than it may have; the message says how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds. A test shortens them."""

    connect_s: float = 5.0
    answer_s: float = 15.0  # to a whole request; the dispatcher's own patience is 30
    turn_s: float = 8.0  # how long a message waits for its turn before it is put back
    broken_s: float = 120.0  # after a wrong secret: operators lock out who tries faster
    look_s: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpGateway:
    """One account at one operator. `callback_url`: where the operator finds us, up to the gateway's name."""

    name: str
    kind: str = "http"
    description: Description
    values: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    templates: tuple[Template, ...] = ()
    callback_url: str = ""
    networks: tuple[Network, ...] = ()  # that may call back; none: all
    authorities: Path | None = None  # PEM; None: those that the machine trusts
    rate_per_s: float = 100.0
    at_once: int = 16  # requests without an answer
    weight: float = 1.0
    per_number: NumberCaps = NO_CAPS
    country_code: str = "86"
    most_parts: int = 20  # of a text; a template has its own measure
    patience: Patience = field(default_factory=Patience)

    @property
    def where(self) -> str:
        """Return the address without what may be secret in it."""
        return named(self.description.request.url, self.values).partition("?")[0]

    @property
    def ahead(self) -> int:
        return self.at_once * self.description.batch.most

    @property
    def names(self) -> Mapping[str, str]:
        return {**self.values, **self.secrets, STATUS_URL: self.callback("status")}

    def callback(self, what: str) -> str:
        """Return the address of a callback; empty when the operator cannot reach us, or tells nothing."""
        callbacks = self.description.callbacks
        if callbacks is None or not self.callback_url:
            return ""
        tail = f"/{self.secrets[callbacks.secret]}" if callbacks.proof == "path" else ""
        return f"{self.callback_url.rstrip('/')}/sms/{self.name}/{what}{tail}"

    def letter(
        self, *, delivery: int, attempt: int, number: str, text: str, expires_at: datetime | None, now: datetime
    ) -> Letter:
        """Return a message as a request sees it. Raises NoTemplate, TooLong."""
        left_s = LONGEST_VALIDITY_S if expires_at is None else int((expires_at - now).total_seconds())
        valid_s = max(SHORTEST_VALIDITY_S, min(left_s, LONGEST_VALIDITY_S))
        names = {
            "number": number,
            "digits": number.removeprefix("+"),
            "national": national(number, country_code=self.country_code),
            "text": text,
            "delivery": str(delivery),
            "attempt": str(attempt),
            "valid_s": str(valid_s),
            "valid_min": str(valid_s // 60),
            "coding": "0" if is_gsm7(text) else "2",
        }
        if self.description.sends == "text":
            if (count := parts(text)) > self.most_parts:
                raise TooLong(f"{len(text):,} characters need {count} segments, and {self.most_parts} are allowed")
            return Letter(delivery=delivery, attempt=attempt, number=number, names=names, variables={})
        template, variables = placed(text, self.templates)
        names["template"] = template.code
        return Letter(delivery=delivery, attempt=attempt, number=number, names=names, variables=variables)

    def batches(self, letters: list[Letter]) -> list[list[Letter]]:
        """Return the requests that carry the letters: by the description's measure, no number twice in one."""
        batch = self.description.batch
        found: list[list[Letter]] = []
        open_at: dict[object, int] = {}
        for letter in letters:
            key = _alike(letter) if batch.shares else letter.names.get("template", "")
            at = open_at.get(key)
            if at is None or len(found[at]) >= batch.most or any(each.number == letter.number for each in found[at]):
                open_at[key] = at = len(found)
                found.append([])
            found[at].append(letter)
        return found

    def request(self, asked: Request, letters: list[Letter], *, now: datetime, nonce: str) -> Ready:
        """Return a request as it leaves, signed."""
        names, sign = self.names, self.description.sign
        draft = Draft(
            method=asked.method,
            url=grown(asked.url, names, letters),
            headers={name: named(value, names) for name, value in asked.headers.items()},
            query=fields(asked.query, names, letters),
            form=None if asked.form is None else fields(asked.form, names, letters),
            document=None if asked.document is None else grown(asked.document, names, letters),
        )
        secret = self.secrets.get(sign.secret, "")
        return signed(draft, sign, key=named(sign.key, names), secret=secret, now=now, nonce=nonce)


def _alike(letter: Letter) -> object:
    return letter.names.get("template", letter.names["text"]), tuple(letter.variables.items())
