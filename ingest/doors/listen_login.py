"""Who may log in at the listening door, and what session they get. Pure."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from ingest.doors.listen_sessions import LONGEST_EXPIRY_S, Session
from ingest.doors.listen_wire import LARGEST_PACKET
from ingest.mqtt.packets import Code, Connack, Connect, ConnectReturn, Level
from ingest.mqtt.properties import Properties
from ingest.store.terminals import Terminal
from tracker.security import SALT_BYTES, verify

LONGEST_CLIENT_ID: Final = 256  # characters; MQTT 3.1 said 23, and nobody kept to it
_NOBODY_S_SALT: Final = bytes(SALT_BYTES)


class Refusal(NamedTuple):
    """A log-in's refusal: our word for it, the return code of MQTT 3, the reason code of MQTT 5."""

    word: str
    code_3: ConnectReturn
    code_5: Code

    def connack(self, level: Level) -> Connack:
        return Connack(code=self.code_5 if level is Level.V5 else self.code_3)


BAD_CREDENTIALS: Final = Refusal(
    "bad credentials", ConnectReturn.BAD_USER_NAME_OR_PASSWORD, Code.BAD_USER_NAME_OR_PASSWORD
)
BAD_METHOD: Final = Refusal("bad method", ConnectReturn.NOT_AUTHORIZED, Code.BAD_AUTHENTICATION_METHOD)
BAD_CLIENT_ID: Final = Refusal("bad client id", ConnectReturn.IDENTIFIER_REJECTED, Code.CLIENT_ID_NOT_VALID)


def certified_code(certificate: Mapping[str, Any] | None) -> str:
    """Return the terminal that a client certificate (ssl's `getpeercert`) is of: its common name; "" without one."""
    if not certificate:
        return ""
    names = [value for entry in certificate.get("subject", ()) for key, value in entry if key == "commonName"]
    return names[0] if len(names) == 1 else ""


def refusal_of(packet: Connect, terminal: Terminal | None, *, certified: str = "") -> Refusal | None:
    """Return why the log-in is refused. `terminal`: whose code is the user name, or else is `certified`.

    Who shows a certificate is known by it, needs no password, and can be nobody else. Constant time over the password.
    """
    if packet.properties.auth_method is not None:
        return BAD_METHOD
    if not (_is_certified(terminal, certified) if certified else _knows_secret(packet, terminal)):
        return BAD_CREDENTIALS
    return BAD_CLIENT_ID if has_bad_client_id(packet) else None


def has_bad_client_id(packet: Connect) -> bool:
    return len(packet.client_id) > LONGEST_CLIENT_ID or (not packet.client_id and not _may_be_nameless(packet))


def _is_certified(terminal: Terminal | None, certified: str) -> bool:
    return terminal is not None and terminal.code == certified


def _knows_secret(packet: Connect, terminal: Terminal | None) -> bool:
    secret = (packet.password or b"").decode(errors="replace")
    salt, secret_hash = (_NOBODY_S_SALT, b"") if terminal is None else (terminal.secret_salt, terminal.secret_hash)
    return verify(secret, salt=salt, secret_hash=secret_hash)


def _may_be_nameless(packet: Connect) -> bool:
    """MQTT 3.1 wants a client id, 3.1.1 does so for a session that is kept (3.1.3.1); in 5 we choose one."""
    return packet.level is Level.V5 or (packet.level is Level.V311 and packet.clean_start)


def expiry_of(packet: Connect) -> int:
    """Return how long (s) the session outlives its connection: in MQTT 3 our longest, in 5 what is asked up to that."""
    if packet.level is Level.V5:
        return min(packet.properties.session_expiry_s or 0, LONGEST_EXPIRY_S)
    return 0 if packet.clean_start else LONGEST_EXPIRY_S


def greeting(session: Session, receive_maximum: int) -> Properties:
    """What CONNACK says in MQTT 5: the session's expiry is always set by us, and so is what we take."""
    return Properties(
        session_expiry_s=session.expiry_s,
        receive_maximum=receive_maximum,
        maximum_packet_bytes=LARGEST_PACKET,
        assigned_client_id=session.client_id if session.is_assigned else None,
        has_subscription_ids=False,
        has_shared=False,
    )
