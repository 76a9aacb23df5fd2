"""What is wrong round the programs: open files, disk, certificates, Redis, and a broker as it answers."""

import shutil
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import paho.mqtt.client as paho
import redis
from cryptography import x509
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from gridwarden.diagnosis import Finding, Grade, judged
from ingest.doors.subscribe import Broker

_GB: Final = 1024**3
LEAST_DISK_GB: Final = 1.0
FEW_DISK_GB: Final = 10.0  # a city of 9,011 messages a second fills them in about three hours, uncompressed
SOON: Final = timedelta(days=30)
PATIENCE_S: Final = 5.0
_DEFAULT_INFLIGHT: Final = 20


def examine_descriptors(allowed: int, wanted: int | None) -> Finding:
    what = f"open files: room for {allowed} connections"
    if wanted is None:
        return Finding(Grade.OK, what)
    advice = "raise ulimit -n (systemd LimitNOFILE, compose ulimits.nofile), or run several ingests"
    return judged(f"{what}, {wanted} wanted", advice, is_well=allowed >= wanted)


def examine_disk(folder: Path) -> Finding:
    """`folder` need not exist yet: its nearest parent's disk is looked at."""
    while not folder.exists():
        folder = folder.parent
    left_gb = shutil.disk_usage(folder).free / _GB
    grade = Grade.BAD if left_gb < LEAST_DISK_GB else Grade.WARN
    advice = "a full disk stops everything: make room"
    return judged(f"disk: {left_gb:.1f} GB left at {folder}", advice, is_well=left_gb >= FEW_DISK_GB, otherwise=grade)


def examine_certificate(path: Path, *, now: datetime) -> Finding:
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        return Finding(Grade.BAD, f"certificate {path}", f"cannot be read: {error}")
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    what = f"certificate {path}: valid from {begins:%Y-%m-%d} to {ends:%Y-%m-%d}"
    if not begins <= now <= ends:
        return Finding(Grade.BAD, what, "terminals refuse it: renew it and restart, and look at the clock")
    return judged(what, "renew it, then restart ingest", is_well=ends - now > SOON, otherwise=Grade.WARN)


def examine_redis(url: str) -> list[Finding]:
    client = redis.Redis.from_url(url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S)
    try:
        client.ping()
        policy = _policy(client)
    except redis.RedisError as error:
        return [Finding(Grade.BAD, f"redis: no answer ({error})", "start it, or correct --redis")]
    finally:
        client.close()
    advice = "doorbells may be thrown away: set maxmemory-policy noeviction"
    well = policy in {"noeviction", "unknown"}
    return [
        Finding(Grade.OK, "redis: answers"),
        judged(f"redis: maxmemory-policy {policy}", advice, is_well=well, otherwise=Grade.WARN),
    ]


def _policy(client: "redis.Redis") -> str:
    """Hosted ones do not let everybody read their configuration."""
    try:
        found: Any = client.config_get("maxmemory-policy")
    except redis.ResponseError:
        return "unknown"
    return str(found.get("maxmemory-policy", "unknown"))


def examine_broker(broker: Broker) -> list[Finding]:
    """Log in at a running broker as ingest does, and as nobody."""
    code, inflight = _greeting(broker, with_name=True)
    if code is None:
        return [
            Finding(Grade.BAD, f"broker: no answer from {broker.host}:{broker.port}", "start it, or correct --broker")
        ]
    if code:
        return [Finding(Grade.BAD, f"broker: ingest is refused ({code:#x})", "correct user and password of --broker")]
    stranger, _ = _greeting(broker, with_name=False)
    held = f"what is sent to it is held at {inflight} in flight: set max_inflight_messages 0 (Mosquitto)"
    return [
        Finding(Grade.OK, "broker: lets ingest in"),
        judged("broker: strangers", "it lets anybody in: allow_anonymous false", is_well=stranger != 0),
        judged(f"broker: {inflight} in flight", held, is_well=inflight > _DEFAULT_INFLIGHT, otherwise=Grade.BAD),
    ]


def _greeting(broker: Broker, *, with_name: bool) -> tuple[int | None, int]:
    """Return CONNACK's reason code, None when there was none, and the receive maximum that it names."""
    answers: list[tuple[int, int]] = []
    answered = threading.Event()

    def note(_client: paho.Client, _data: Any, _flags: Any, reason: Any, said: Any) -> None:
        answers.append((int(reason.value), int(getattr(said, "ReceiveMaximum", 65_535))))
        answered.set()

    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.on_connect = note
    if with_name and broker.user is not None:
        client.username_pw_set(broker.user, broker.password)
    if broker.is_tls:
        client.tls_set_context(ssl.create_default_context())
    try:
        client.connect(broker.host, broker.port, keepalive=10)
    except OSError:
        return None, 0
    client.loop_start()
    answered.wait(PATIENCE_S)
    client.disconnect()
    client.loop_stop()
    return answers[0] if answers else (None, 0)


def now() -> datetime:
    return datetime.now(UTC)
