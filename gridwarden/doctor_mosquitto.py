"""What is wrong with a mosquitto.conf: its defaults lose positions, and each line of this table says how. Pure.

The figures are Mosquitto 2.0's own defaults (mosquitto.conf(5)) and what a broker killed under load lost.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from gridwarden.diagnosis import Finding, Grade, judged

LONGEST_AUTOSAVE_S: Final = 60
SMALLEST_PACKET: Final = 262_144  # a payload holds at most 256 KiB
_AUTHENTICATES: Final = ("password_file", "plugin", "auth_plugin", "require_certificate")
_AUTHORIZES: Final = ("acl_file", "plugin", "auth_plugin")

Options = Mapping[str, str]


class Check(NamedTuple):
    option: str
    default: str  # what Mosquitto takes when the line is missing
    is_well: Callable[[str], bool]
    otherwise: Grade
    advice: str


def _is(wanted: str) -> Callable[[str], bool]:
    def check(said: str) -> bool:
        return said == wanted

    return check


def _within(least: int, most: int | None = None) -> Callable[[str], bool]:
    """Whether it is a number from `least` to `most`."""

    def check(said: str) -> bool:
        return said.isdigit() and least <= int(said) and (most is None or int(said) <= most)

    return check


CHECKS: Final = (
    Check("allow_anonymous", "false", _is("false"), Grade.BAD, "strangers may write: set it to false"),
    Check("max_inflight_messages", "20", _is("0"), Grade.BAD, "ingest is held at so many in flight: set 0"),
    Check("max_queued_messages", "1000", _is("0"), Grade.BAD, "what is beyond it is dropped: set it to 0"),
    Check(
        "max_queued_bytes",
        "0",
        _within(1),
        Grade.BAD,
        "nothing bounds the queue in memory: set as many bytes as an outage may fill, such as 2147483648",
    ),
    Check("persistence", "false", _is("true"), Grade.BAD, "a restart forgets the queue: set true"),
    Check(
        "autosave_interval",
        "1800",
        _within(1, LONGEST_AUTOSAVE_S),
        Grade.BAD,
        f"a killed broker loses what it has not written: set {LONGEST_AUTOSAVE_S} s or less",
    ),
    Check(
        "set_tcp_nodelay",
        "false",
        _is("false"),
        Grade.WARN,
        "a quarter fewer messages a second: set it to false",
    ),
    Check(
        "max_packet_size",
        "268435455",
        _within(SMALLEST_PACKET),
        Grade.WARN,
        f"a terminal's backlog may be larger: set {SMALLEST_PACKET} or more",
    ),
)


def read(text: str) -> dict[str, str]:
    """Return the options of a mosquitto.conf; of one that is said twice, the last."""
    words = (line.split(None, 1) for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    return {name: (rest[0].strip() if rest else "") for name, *rest in words}


def examine(text: str) -> list[Finding]:
    """Return what is to be said about a configuration, in a fixed order."""
    options = read(text)
    return [
        *(_look(check, options) for check in CHECKS),
        judged(
            "mosquitto: who may log in",
            "nobody is told apart: give a password_file (gridwarden terminal passwords writes it)",
            is_well=_has(options, _AUTHENTICATES),
        ),
        judged(
            "mosquitto: which topics are whose",
            "every terminal may write as every other: give an acl_file, such as deploy/mosquitto/acl",
            is_well=_has(options, _AUTHORIZES),
        ),
        judged(
            "mosquitto: TLS",
            "terminals send their secrets in the clear: give certfile and keyfile, or keep it inside your network",
            is_well="certfile" in options,
            otherwise=Grade.WARN,
        ),
        *_unread(options),
    ]


def _look(check: Check, options: Options) -> Finding:
    said = options.get(check.option)
    value = check.default if said is None else said
    what = f"mosquitto: {check.option} {value}" + (" (its default)" if said is None else "")
    return judged(what, check.advice, is_well=check.is_well(value), otherwise=check.otherwise)


def _has(options: Options, names: Iterable[str]) -> bool:
    return any(options.get(name, "false") != "false" for name in names)


def _unread(options: Options) -> list[Finding]:
    if "include_dir" not in options:
        return []
    advice = "give those files, one by one, to --mosquitto-conf too"
    return [Finding(Grade.WARN, f"mosquitto: include_dir {options['include_dir']} was not read", advice)]
