"""How the fleet's connections log in: as a terminal with its will, or as a gateway without one."""

from ingest.mqtt import packets
from simulators.roster import Credential
from simulators.terminals.parser import LEVEL


def of_terminal(credential: Credential, *, keep_alive_s: int, is_stranger: bool) -> packets.Connect:
    """A stranger's secret is wrong, on purpose."""
    return packets.Connect(
        level=LEVEL,
        client_id=credential.terminal,
        clean_start=False,
        keep_alive_s=keep_alive_s,
        user=credential.terminal,
        password=b"no secret of ours" if is_stranger else credential.secret.encode(),
        will=packets.Will(topic=f"gw/v1/t/{credential.terminal}/status", payload=b"offline", qos=1, retain=True),
    )


def of_gateway(credential: Credential, *, client_id: str, keep_alive_s: int) -> packets.Connect:
    return packets.Connect(
        level=LEVEL,
        client_id=client_id,
        keep_alive_s=keep_alive_s,
        user=credential.terminal,
        password=credential.secret.encode(),
    )
