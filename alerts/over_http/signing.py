"""A request that proves whose it is: three ways in which operators want that. Pure; time and nonce are arguments.

aliyun_rpc: Alibaba Cloud, "RPC API signature", version 1.0: HMAC-SHA1 over the sorted parameters, encoded by RFC 3986.
tc3: Tencent Cloud, "Signature v3" (TC3-HMAC-SHA256): a key derived for a day and a service, over a canonical request.
basic: RFC 7617.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from alerts.over_http.description import Signing

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json; charset=utf-8"
TC3: Final = "TC3-HMAC-SHA256"
TC3_SIGNED: Final = "content-type;host"  # the least there is; others are signed where they are in the body


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A request before it is signed."""

    method: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str] | None = None
    document: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A request as it leaves."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


def signed(draft: Draft, by: Signing, *, key: str, secret: str, now: datetime, nonce: str) -> Ready:
    """Return the request, with what its operator takes for proof."""
    match by.by:
        case "nothing":
            return written(draft)
        case "basic":
            token = base64.b64encode(f"{key}:{secret}".encode()).decode()
            return written(replace(draft, headers={**draft.headers, "Authorization": f"Basic {token}"}))
        case "aliyun_rpc":
            return written(_aliyun(draft, key=key, secret=secret, now=now, nonce=nonce))
        case "tc3":
            return _tc3(written(draft), service=by.service, key=key, secret=secret, now=now)


def written(draft: Draft) -> Ready:
    """Return the request with its parameters and its body as octets."""
    url = f"{draft.url}?{urlencode(draft.query, quote_via=quote, safe='')}" if draft.query else draft.url
    if draft.form is not None:
        body, kind = urlencode(draft.form, quote_via=quote, safe="").encode(), FORM
    elif draft.document is not None:
        body, kind = json.dumps(draft.document, ensure_ascii=False, separators=(",", ":")).encode(), JSON
    else:
        body, kind = b"", ""
    headers = {**({"Content-Type": kind} if kind else {}), **draft.headers}
    return Ready(method=draft.method, url=url, headers=headers, body=body)


def percent(text: str) -> str:
    """Encode by RFC 3986: letters, digits and `-_.~` stay; a blank is %20, never a plus."""
    return quote(text, safe="~")


def aliyun_signature(method: str, parameters: Mapping[str, str], secret: str) -> str:
    canonical = "&".join(f"{percent(name)}={percent(value)}" for name, value in sorted(parameters.items()))
    to_sign = f"{method}&{percent('/')}&{percent(canonical)}"
    return base64.b64encode(hmac.digest(f"{secret}&".encode(), to_sign.encode(), "sha1")).decode()


def _aliyun(draft: Draft, *, key: str, secret: str, now: datetime, nonce: str) -> Draft:
    given = {
        **(draft.query if draft.form is None else draft.form),
        "Format": "JSON",
        "AccessKeyId": key,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": nonce,
        "Timestamp": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    given["Signature"] = aliyun_signature(draft.method, given, secret)
    return replace(draft, query=given) if draft.form is None else replace(draft, form=given)


def tc3_signature(canonical: str, *, service: str, secret: str, now: datetime) -> str:
    """Return the signature of a canonical request."""
    day = now.astimezone(UTC).strftime("%Y-%m-%d")
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"{TC3}\n{int(now.timestamp())}\n{day}/{service}/tc3_request\n{digest}"
    derived = f"TC3{secret}".encode()
    for part in (day, service, "tc3_request"):
        derived = hmac.digest(derived, part.encode(), "sha256")
    return hmac.new(derived, to_sign.encode(), "sha256").hexdigest()


def _tc3(ready: Ready, *, service: str, key: str, secret: str, now: datetime) -> Ready:
    parts = urlsplit(ready.url)
    heads = f"content-type:{ready.headers['Content-Type'].lower()}\nhost:{parts.netloc}\n"
    hashed = hashlib.sha256(ready.body).hexdigest()
    canonical = f"{ready.method}\n{parts.path or '/'}\n{parts.query}\n{heads}\n{TC3_SIGNED}\n{hashed}"
    signature = tc3_signature(canonical, service=service, secret=secret, now=now)
    scope = f"{key}/{now.astimezone(UTC):%Y-%m-%d}/{service}/tc3_request"
    authorization = f"{TC3} Credential={scope}, SignedHeaders={TC3_SIGNED}, Signature={signature}"
    stamped = {"X-TC-Timestamp": str(int(now.timestamp())), "Authorization": authorization}
    return replace(ready, headers={**ready.headers, **stamped})


def twilio_signature(url: str, form: Mapping[str, str], *, token: str) -> str:
    """Return what X-Twilio-Signature says of a POST: Twilio, "Validating requests"."""
    said = url + "".join(f"{name}{value}" for name, value in sorted(form.items()))
    return base64.b64encode(hmac.digest(token.encode(), said.encode(), "sha1")).decode()
