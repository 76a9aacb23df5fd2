"""Strangers' SMS operators over HTTP, by their public documents' words alone; nothing of ours is used.

Each checks whose a request is, as its documents say: Alibaba Cloud's RPC signature with Java's URL encoding, Tencent
Cloud's signature v3 over the raw octets, Twilio's basic authentication; and refuses what is not quite so, by its own
error. They keep what they took, and know how to sign a callback.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote_plus

TOKEN = "a secret of the test"
ACCOUNT = "AC0123456789"
LONGEST_VARIABLE = 35


@dataclass(frozen=True)
class Taken:
    """One message as an operator took it."""

    number: str
    text: str  # or the variables, joined
    variables: dict[str, str] | list[str]
    id: str
    asked: dict[str, Any]


@dataclass
class Answered:
    status: int
    body: bytes
    kind: str = "application/json"


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Refused(Exception):  # noqa: N818 - an answer
    """By its code."""


Whim = Callable[[], Answered | None]


@dataclass
class Operator:
    """`whims` are asked first, one for each request: what they answer is answered, whatever was asked."""

    taken: list[Taken] = field(default_factory=list[Taken])
    complaints: list[str] = field(default_factory=list[str])
    requests: list[bytes] = field(default_factory=list[bytes])
    whims: list[Whim] = field(default_factory=list[Whim])
    refused_numbers: dict[str, str] = field(default_factory=dict[str, str])  # number: the operator's code
    origin: str = ""

    def answer(self, asked: Asked) -> Answered:
        self.requests.append(asked.body)
        if self.whims and (whim := self.whims.pop(0)()) is not None:
            return whim
        return self.judge(asked)

    def judge(self, asked: Asked) -> Answered:
        raise NotImplementedError

    def refuse(self, status: int, said: dict[str, Any]) -> Answered:
        self.complaints.append(json.dumps(said, ensure_ascii=False))
        return Answered(status, json.dumps(said).encode())


class Aliyun(Operator):
    """dysmsapi 2017-05-25. `SMS_1` has the variables p1 to p4."""

    def judge(self, asked: Asked) -> Answered:
        given = dict(parse_qsl(asked.body.decode(), strict_parsing=True, keep_blank_values=True))
        shown = given.pop("Signature", "")
        canonical = "&".join(f"{java_encoded(name)}={java_encoded(given[name])}" for name in sorted(given))
        to_sign = f"{asked.method}&%2F&{java_encoded(canonical)}"
        wanted = base64.b64encode(hmac.new(f"{TOKEN}&".encode(), to_sign.encode(), hashlib.sha1).digest()).decode()
        if given.get("AccessKeyId") != "testId":
            return self.refuse(404, {"Code": "InvalidAccessKeyId.NotFound", "Message": "not found"})
        if shown != wanted:
            return self.refuse(400, {"Code": "SignatureDoesNotMatch", "Message": "not matched"})
        age_s = (datetime.now(UTC) - datetime.fromisoformat(given["Timestamp"])).total_seconds()
        if abs(age_s) > 900 or not given["SignatureNonce"] or given["Version"] != "2017-05-25":
            return self.refuse(400, {"Code": "InvalidTimeStamp.Expired", "Message": "old"})
        if given["Action"] == "QuerySmsTemplate":
            return Answered(200, json.dumps(aliyun_template(given["TemplateCode"])).encode())
        return self._send(given)

    def _send(self, given: dict[str, str]) -> Answered:
        numbers, signs = json.loads(given["PhoneNumberJson"]), json.loads(given["SignNameJson"])
        variables = json.loads(given["TemplateParamJson"])
        if not len(numbers) == len(signs) == len(variables) <= 100 or len(set(numbers)) < len(numbers):
            return self.refuse(200, {"Code": "isv.INVALID_PARAMETERS", "Message": "lists"})
        if given["TemplateCode"] != "SMS_1":
            return self.refuse(200, {"Code": "isv.SMS_TEMPLATE_ILLEGAL", "Message": "模板不合法"})
        if any(set(each) != {"p1", "p2", "p3", "p4"} for each in variables):
            return self.refuse(200, {"Code": "isv.TEMPLATE_MISSING_PARAMETERS", "Message": "模板缺少变量"})
        if any(not 0 < len(value) <= LONGEST_VARIABLE for each in variables for value in each.values()):
            return self.refuse(200, {"Code": "isv.PARAM_LENGTH_LIMIT", "Message": "参数超出长度限制"})
        for number in numbers:
            if number in self.refused_numbers:
                return self.refuse(200, {"Code": self.refused_numbers[number], "Message": f"{number}"})
        biz = f"{len(self.requests)}00415357^0"
        for number, each in zip(numbers, variables, strict=True):
            text = "".join(each[name] for name in ("p1", "p2", "p3", "p4")).rstrip("-")
            self.taken.append(Taken(number, text, each, biz, given))
        return Answered(200, json.dumps({"Code": "OK", "Message": "OK", "BizId": biz, "RequestId": "F6"}).encode())


def aliyun_template(code: str) -> dict[str, Any]:
    if code != "SMS_1":
        return {"Code": "isv.SMS_TEMPLATE_ILLEGAL", "Message": "模板不合法", "RequestId": "1"}
    return {"Code": "OK", "Message": "OK", "TemplateStatus": 1, "TemplateCode": code, "RequestId": "1"}


def java_encoded(text: str) -> str:
    """URLEncoder.encode(text, "UTF-8") and the three replacements that the documents show."""
    return quote_plus(text, safe="*").replace("~", "%7E").replace("+", "%20").replace("*", "%2A").replace("%7E", "~")


class Tencent(Operator):
    """sms 2021-01-11. Template 1110 has three variables."""

    def judge(self, asked: Asked) -> Answered:
        try:
            self._believe(asked)
        except Refused as refused:
            return self.error(str(refused))
        if asked.headers.get("x-tc-version") != "2021-01-11" or not asked.headers.get("x-tc-region"):
            return self.error("InvalidParameter")
        if asked.headers.get("x-tc-action") == "DescribeSmsTemplateList":
            return self.response({"DescribeTemplateStatusSet": []})
        return self._send(json.loads(asked.body))

    def _believe(self, asked: Asked) -> None:
        headers, body = asked.headers, asked.body
        scheme, _, rest = headers.get("authorization", "").partition(" ")
        said = dict(part.split("=", 1) for part in rest.split(", ") if "=" in part)
        stamp = int(headers.get("x-tc-timestamp", "0"))
        if scheme != "TC3-HMAC-SHA256" or set(said) != {"Credential", "SignedHeaders", "Signature"}:
            raise Refused("AuthFailure.InvalidAuthorization")
        key, day, service, end = said["Credential"].split("/")
        if key != "AKIDtest":
            raise Refused("AuthFailure.SecretIdNotFound")
        if abs(datetime.now(UTC).timestamp() - stamp) > 300:
            raise Refused("AuthFailure.SignatureExpire")
        names = said["SignedHeaders"].split(";")
        if not {"content-type", "host"} <= set(names) or day != datetime.fromtimestamp(stamp, UTC).strftime("%Y-%m-%d"):
            raise Refused("AuthFailure.InvalidAuthorization")
        signed = "".join(f"{name}:{headers[name].strip().lower()}\n" for name in names)
        wanted = (asked.method, "/", "", signed, said["SignedHeaders"], hashlib.sha256(body).hexdigest())
        digest = hashlib.sha256("\n".join(wanted).encode()).hexdigest()
        to_sign = "\n".join((scheme, str(stamp), f"{day}/{service}/{end}", digest))
        derived = hashed(hashed(hashed(f"TC3{TOKEN}".encode(), day), service), end)
        if hashed(derived, to_sign).hex() != said["Signature"] or (service, end) != ("sms", "tc3_request"):
            raise Refused("AuthFailure.SignatureFailure")

    def _send(self, asked: dict[str, Any]) -> Answered:
        if asked["SmsSdkAppId"] != "1400006666" or asked["TemplateId"] != "1110" or len(asked["TemplateParamSet"]) != 3:
            return self.error("InvalidParameterValue.TemplateParameterFormatError")
        if len(asked["PhoneNumberSet"]) > 200:
            return self.error("LimitExceeded.PhoneNumberCountLimit")
        statuses: list[dict[str, Any]] = []
        for number in asked["PhoneNumberSet"]:
            code = self.refused_numbers.get(number, "Ok")
            serial = f"5000:{len(self.taken)}57053657849499619" if code == "Ok" else ""
            if code == "Ok":
                text = "".join(asked["TemplateParamSet"]).rstrip("-")
                self.taken.append(Taken(number, text, asked["TemplateParamSet"], serial, asked))
            said = "send success" if code == "Ok" else "refused"
            statuses.append({"SerialNo": serial, "PhoneNumber": number, "Fee": 1, "Code": code, "Message": said})
        statuses.reverse()  # nothing says that they come in order
        return self.response({"SendStatusSet": statuses})

    def response(self, said: dict[str, Any]) -> Answered:
        return Answered(200, json.dumps({"Response": {**said, "RequestId": "a0aabda6"}}).encode())

    def error(self, code: str) -> Answered:
        self.complaints.append(code)
        return self.response({"Error": {"Code": code, "Message": "no"}})


def hashed(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class Twilio(Operator):
    """Messages of the API 2010-04-01."""

    def judge(self, asked: Asked) -> Answered:
        shown = base64.b64decode(asked.headers.get("authorization", "").removeprefix("Basic ")).decode()
        if shown != f"{ACCOUNT}:{TOKEN}":
            return self.refuse(401, {"code": 20003, "message": "Authenticate", "status": 401})
        if (asked.method, asked.path) == ("GET", f"/2010-04-01/Accounts/{ACCOUNT}.json"):
            return Answered(200, json.dumps({"sid": ACCOUNT, "status": "active"}).encode())
        if (asked.method, asked.path) != ("POST", f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"):
            return self.refuse(404, {"code": 20404, "message": "The requested resource was not found", "status": 404})
        return self._send(dict(parse_qsl(asked.body.decode(), strict_parsing=True)))

    def _send(self, asked: dict[str, str]) -> Answered:
        if asked["To"] in self.refused_numbers:
            code = int(self.refused_numbers[asked["To"]])
            return self.refuse(400, {"code": code, "message": f"The number {asked['To']} is not valid", "status": 400})
        if not asked["From"] or not 1 <= int(asked["ValidityPeriod"]) <= 36_000 or not asked["Body"]:
            return self.refuse(400, {"code": 21602, "message": "Message body is required", "status": 400})
        sid = f"SM{len(self.taken):032x}"
        self.taken.append(Taken(asked["To"], asked["Body"], [], sid, asked))
        return Answered(201, json.dumps({"sid": sid, "status": "queued", "error_code": None}).encode())


def twilio_signed(url: str, form: dict[str, str]) -> str:
    """Twilio's header for a POST: the URL, then each parameter's name and value in order of the names."""
    said = url
    for name in sorted(form):
        said += name + form[name]
    return base64.b64encode(hmac.new(TOKEN.encode(), said.encode(), hashlib.sha1).digest()).decode()


@contextlib.contextmanager
def serving(operator: Operator, certificate: tuple[Path, Path] | None = None) -> Generator[Operator]:
    """Serve an operator on a free port, over TLS with a certificate."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = operator.answer(Asked(self.command, self.path, headers, body))
            with contextlib.suppress(OSError):  # who hung up wants no answer
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.kind)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Whoever breaks off in the middle of TLS is the test's own client."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    scheme = "http" if certificate is None else "https"
    operator.origin = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, name="sms operator")
    thread.start()
    try:
        yield operator
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
