"""`gridwarden sms-centre` as its users start it."""

import signal
import socket
from pathlib import Path
from typing import Any

import pytest
import smpplib.client

from gridwarden.sms_centre_command import summary
from simulators.sms_centre.commands import Status
from simulators.sms_centre.counts import Counts
from tests.running import free_port, gridwarden


def run(*words: str) -> tuple[int, str]:
    with gridwarden("sms-centre", *words) as process:
        output, _ = process.communicate(timeout=60)
        return process.returncode, output


def submit(port: int, password: str) -> int:
    client = smpplib.client.Client("127.0.0.1", port, timeout=20, allow_unknown_opt_params=True)
    client.connect()
    client.bind_transceiver(system_id="city", password=password)
    client.send_message(source_addr="10690", destination_addr="8613800000000", short_message=b"leave now")
    answer = client.read_pdu()
    assert answer is not None
    client.unbind()
    client.disconnect()
    return answer.status


def test_it_takes_messages_and_says_at_the_end_how_many(tmp_path: Path) -> None:
    faults, port = tmp_path / "faults.yaml", free_port()
    faults.write_text("refusals: {unknown_prefixes: ['86138']}\n")
    words = ("--port", str(port), "--system-id", "city", "--password", "grid", "--faults", str(faults))
    with gridwarden("sms-centre", *words) as process:
        assert process.stdout is not None
        assert f"SMPP 3.4 at 127.0.0.1:{port} as city" in process.stdout.readline()
        assert submit(port, "grid") == Status.ESME_RINVDSTADR
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "connections  1 opened, 1 bound" in output
    assert "messages     1 submitted, 1 ESME_RINVDSTADR" in output


def test_it_stops_by_itself() -> None:
    code, output = run("--port", str(free_port()), "--for", "0.1", "--rate", "5")
    assert code == 0
    assert "messages     0 submitted" in output


def test_phones_write_what_stands_on_its_input() -> None:
    port = free_port()
    with gridwarden("sms-centre", "--port", str(port), "--phones", has_input=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert "SMPP 3.4 at" in process.stdout.readline()
        client = smpplib.client.Client("127.0.0.1", port, timeout=20, allow_unknown_opt_params=True)
        client.connect()
        client.bind_transceiver(system_id="gridwarden", password="secret")
        process.stdin.write("nonsense\n+8613911110001 help\n")
        process.stdin.flush()
        heard: Any = client.read_pdu()
        assert (heard.command, heard.source_addr, heard.short_message) == ("deliver_sm", b"8613911110001", b"help")
        client.disconnect()
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "not a line NUMBER TEXT: nonsense" in output
    assert "8613911110001 wrote, in 1 part" in output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--faults", "nope"), "gridwarden: nope: No such file or directory; wanted a YAML file or one of busy, calm"),
        (("--password", "much too long"), "gridwarden: --password of 13 characters: SMPP 3.4 has room for 8"),
        (("--system-id", "of sixteen chars"), "gridwarden: --system-id and --password are ASCII in SMPP 3.4"),
        (("--tls-certificate", "nowhere.pem"), "gridwarden: there is no file nowhere.pem"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(words: tuple[str, ...], said: str) -> None:
    code, output = run("--port", str(free_port()), *words)
    assert code == 1
    assert output.startswith(said)
    assert output.count("\n") == 1


def test_a_summary_names_the_refusals_and_leaves_out_what_did_not_happen() -> None:
    counts = Counts(connections=2, submitted=10, taken=7, receipts_sent=7)
    counts.refused[Status.ESME_RTHROTTLED] = 3
    assert summary(counts) == [
        "connections  2 opened",
        "messages     10 submitted, 7 taken, 3 ESME_RTHROTTLED",
        "receipts     7 sent",
    ]


def test_a_taken_port_is_told_with_the_option_to_change() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, output = run("--port", str(taken.getsockname()[1]))
    assert code == 1
    assert "choose another with --port" in output


def test_a_host_that_nobody_knows_is_not_told_as_a_taken_port() -> None:
    code, output = run("--host", "nowhere.invalid")
    assert code == 1
    assert "taken" not in output
    assert len(output.strip().splitlines()) == 1
