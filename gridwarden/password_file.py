"""Mosquitto's password file: written whole beside the old one, then put in its place: no broker reads half."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from psycopg import AsyncConnection

from ingest.doors.subscribe import broker_of
from tracker.organisation.brokers import admitted, mosquitto_line, mosquitto_user
from tracker.security import new_salt

MODE: Final = 0o600


class PasswordFileError(Exception):
    """The file cannot be written; the message says why."""


@dataclass(frozen=True, slots=True)
class Written:
    terminals: int
    earlier: Sequence[str]  # left out: their secrets are of an earlier release


async def write_passwords(connection: AsyncConnection[Any], out: Path, *, broker: str | None) -> Written:
    """Write all terminals that may log in, and the user of `broker`, ingest's own URL; inside a transaction."""
    new = out.with_name(f"{out.name}.new")
    count, earlier = 0, list[str]()
    try:
        new.unlink(missing_ok=True)
        new.touch(mode=MODE)
        with new.open("w", encoding="ascii") as file:
            file.write(_own_user(broker))
            async for terminals in admitted(connection):
                lines = [
                    mosquitto_line(each.code, salt=each.secret_salt, secret_hash=each.secret_hash)
                    for each in terminals
                    if each.is_for_brokers
                ]
                earlier += [each.code for each in terminals if not each.is_for_brokers]
                count += len(lines)
                file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        _keep_owner(out, new)
        os.replace(new, out)  # noqa: PTH105 - Path.replace returns a value that nobody wants
    except OSError as error:
        raise PasswordFileError(f"{out}: {error.strerror}") from error
    finally:
        new.unlink(missing_ok=True)
    return Written(count, earlier)


def _own_user(broker: str | None) -> str:
    login = None if broker is None else broker_of(broker)
    if login is None or login.user is None:
        return ""
    return mosquitto_user(login.user, login.password or "", new_salt())


def _keep_owner(former: Path, new: Path) -> None:
    """Let the broker's user, who owned the former file, read this one too."""
    if former.exists() and os.geteuid() == 0:
        kept = former.stat()
        os.chown(new, kept.st_uid, kept.st_gid)
