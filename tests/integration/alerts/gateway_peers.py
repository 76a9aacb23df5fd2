"""Gateways that others wrote, each in processes of its own: Debian's Kannel before our SMS centre, and gammu-smsd."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tests.integration.alerts.gateways import until
from tests.running import free_port

SBIN: Final = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
SCHEMA: Final = Path(__file__).parents[2] / "peers" / "gammu_schema.sql"

KANNEL: Final = """
group = core
admin-port = {admin}
admin-password = {password}
smsbox-port = {smsbox}
box-allow-ip = "127.0.0.1"
sms-resend-freq = 1
log-level = 2

group = smsc
smsc = smpp
smsc-id = centre
host = 127.0.0.1
port = {centre}
smsc-username = gridwarden
smsc-password = secret
system-type = "vma"
transceiver-mode = true
dest-addr-ton = 1
dest-addr-npi = 1
reconnect-delay = 1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
mo-recode = true
http-request-retry = 20
http-queue-delay = 1
log-level = 2

group = sendsms-user
username = city
password = {password}
concatenation = true
max-messages = 20

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "{inbound}?id=%I&from=%p&to=%P&text=%b"
"""

SMSD: Final = """
[gammu]
model = dummy
connection = none
device = {phone}
[smsd]
service = sql
driver = native_pgsql
host = {host}
user = {user}
password = {password}
database = {database}
phoneid = modem
logfile = {log}
loopsleep = 1
commtimeout = 1
receivefrequency = 1
statusfrequency = 5
deliveryreport = sms
checksecurity = 0
"""


def command(name: str) -> str:
    """Return where a command of Debian's is; a missing one fails the test."""
    found = shutil.which(name, path=SBIN)
    assert found, f"there is no {name}: scripts/setup.py --tests installs it"
    return found


async def started(*words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@asynccontextmanager
async def kannel(folder: Path, *, centre: int, password: str, inbound: str) -> AsyncGenerator[str]:
    """Run bearerbox and smsbox; yield the address of sendsms."""
    smsbox, sendsms = free_port(), free_port()
    path = folder / "kannel.conf"
    path.write_text(
        KANNEL.format(
            admin=free_port(), smsbox=smsbox, sendsms=sendsms, centre=centre, password=password, inbound=inbound
        )
    )
    running = [await started(command("bearerbox"), str(path))]
    try:
        await until(lambda: answers(smsbox))
        running.append(await started(command("smsbox"), str(path)))
        await until(lambda: answers(sendsms))
        yield f"http://127.0.0.1:{sendsms}/cgi-bin/sendsms"
    finally:
        for process in running:
            process.kill()  # asked to stop, bearerbox waits for half a minute
            await process.wait()


@dataclass(frozen=True)
class Phone:
    """The dummy phone of gammu: what lies in its first folder has come in."""

    folder: Path

    def receive(self, name: str, number: str, text: str) -> None:
        self._put(name, number, text, kind="Deliver")

    def report(self, name: str, number: str, word: str) -> None:
        """What the network says of a message: Delivered or Failed. The dummy gives all messages one reference."""
        self._put(name, number, word, kind="Status_Report")

    def _put(self, name: str, number: str, text: str, *, kind: str) -> None:
        at = f"{datetime.now().astimezone():%Y%m%dT%H%M%S}"
        lines = [
            "[SMSBackup000]",
            'SMSC = "123456"',
            f'Number = "{number}"',
            f"Sent = {at}",
            f"DateTime = {at}",
            f"PDU = {kind}",
            "State = UnRead",
            "Coding = Unicode_No_Compression",
            "Folder = 1",
            f"Text00 = {text.encode('utf-16-be').hex().upper()}",
            f"Length = {len(text)}",
            "Class = -1",
            "MessageReference = 255",
        ]
        whole = self.folder / f"{name}.new"  # smsd must not read half of it
        whole.write_text("\n".join(lines) + "\n")
        whole.rename(self.folder / "sms" / "1" / name)


async def smsd_tables(dsn: str) -> None:
    """Make smsd's tables in a database."""
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        await connection.execute(SCHEMA.read_bytes())


@asynccontextmanager
async def smsd(folder: Path, dsn: str) -> AsyncGenerator[Phone]:
    """Run gammu-smsd with a dummy phone on a database that has its tables."""
    phone = folder / "phone"
    for number in range(1, 6):
        (phone / "sms" / str(number)).mkdir(parents=True)
    parts = conninfo_to_dict(dsn)
    path = folder / "smsdrc"
    path.write_text(
        SMSD.format(
            phone=phone,
            host=parts["host"],
            user=parts["user"],
            password=parts.get("password", ""),
            database=parts["dbname"],
            log=folder / "smsd.log",
        )
    )
    process = await started(command("gammu-smsd"), "--config", str(path))
    try:
        yield Phone(phone)
    finally:
        process.kill()
        await process.wait()
