"""The peers that can be run: how each is installed, configured and started. Their programs are never committed.

A peer's configuration is in the folder of its name and is as its documentation advises. What differs between machines
(addresses, credentials) comes from outside: MQTT_URL, MQTT_HOST, MQTT_PORT, PGHOST, PGUSER, PGPASSWORD, PGDATABASE.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_HERE: Final = Path(__file__).parent
_INSTALL_S: Final = 1_200.0
_TAIL: Final = 1_500
_NODE_RED: Final = "4.1.8"
_TELEGRAF: Final = "v1.37.2"
# What telegraf.conf uses: its own custom builder would choose the same
_TELEGRAF_PLUGINS: Final = "custom,inputs.mqtt_consumer,outputs.postgresql,parsers.json"
_FLOW_CODE: Final = ("func", "initialize", "finalize")


class InstallError(Exception):
    """A peer cannot be had on this machine; the message says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    name: str
    title: str
    version: str
    licence: str
    install: Callable[[Path], None]  # into a folder of its own that is kept; does nothing the second time
    command: Callable[[Path, Path], Sequence[str]]  # that folder, and one for this run where files are written
    table: str | None = None  # SQL of the table that a user makes; None: the peer makes it


def flow() -> list[dict[str, Any]]:
    """Return Node-RED's flows.json: the flow with the code of its function node in it, ready to be imported."""
    folder = _HERE / "node_red"
    nodes: list[dict[str, Any]] = json.loads((folder / "flow.json").read_text())
    for node in nodes:
        for name in _FLOW_CODE:
            if name in node:
                node[name] = (folder / node[name]).read_text()
    return nodes


def _install_node_red(tools: Path) -> None:
    wanted = _HERE / "node_red" / "package.json"
    kept = tools / "package.json"
    program = tools / "node_modules" / "node-red" / "red.js"
    if program.exists() and kept.exists() and kept.read_bytes() == wanted.read_bytes():
        return
    npm = _program("npm", "Node.js 18.5 or newer")
    tools.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(wanted.read_bytes())
    _run([npm, "install", "--omit=dev", "--no-audit", "--no-fund", "--no-save"], folder=tools)


def _start_node_red(tools: Path, home: Path) -> Sequence[str]:
    # Node-RED looks for a function's modules in its user folder, and wants them in the package.json there
    shutil.copy2(_HERE / "node_red" / "package.json", home)
    shutil.copy2(_HERE / "node_red" / "settings.js", home)
    (home / "flows.json").write_text(json.dumps(flow(), indent=2))
    modules = home / "node_modules"
    if not modules.exists():
        modules.symlink_to((tools / "node_modules").resolve())
    program = modules / "node-red" / "red.js"
    return [_program("node", "Node.js 18.5 or newer"), str(program), "--userDir", str(home)]


def _install_telegraf(tools: Path) -> None:
    done = tools / _TELEGRAF
    if done.exists():
        return
    go = _program("go", "Go 1.25 or newer")
    tools.mkdir(parents=True, exist_ok=True)
    package = f"github.com/influxdata/telegraf/cmd/telegraf@{_TELEGRAF}"
    command = [go, "install", "-p", "2", "-tags", _TELEGRAF_PLUGINS, package]
    _run(command, folder=tools, environment={"GOBIN": str(tools.resolve())})
    done.touch()


def _start_telegraf(tools: Path, home: Path) -> Sequence[str]:
    configuration = shutil.copy2(_HERE / "telegraf" / "telegraf.conf", home)
    return [str(tools / "telegraf"), "--config", str(configuration)]


def _program(name: str, what: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise InstallError(f"{name} is not installed: {what} is needed for this peer")
    return found


def _run(command: Sequence[str], *, folder: Path, environment: Mapping[str, str] | None = None) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - our own command lines
            command,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_INSTALL_S,
        )
    except subprocess.TimeoutExpired as error:
        raise InstallError(f"`{' '.join(command)}` did not end within {_INSTALL_S:.0f} s") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-_TAIL:]
        raise InstallError(f"`{' '.join(command)}` failed: is the registry reachable?\n{said}")


PEERS: Final[Mapping[str, Peer]] = {
    peer.name: peer
    for peer in (
        Peer(
            name="node-red",
            title="Node-RED",
            version=_NODE_RED,
            licence="Apache-2.0",
            install=_install_node_red,
            command=_start_node_red,
            table=(_HERE / "node_red" / "table.sql").read_text(),
        ),
        Peer(
            name="telegraf",
            title="Telegraf",
            version=_TELEGRAF.removeprefix("v"),
            licence="MIT",
            install=_install_telegraf,
            command=_start_telegraf,
        ),
    )
}
