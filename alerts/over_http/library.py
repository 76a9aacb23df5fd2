"""The descriptions that come with Gridwarden. Package data; reading it is all that happens here."""

from importlib.resources import files
from typing import Final

from alerts.over_http.description import Description, read

READY: Final = ("aliyun", "kannel", "tencent", "twilio")


def ready(name: str) -> Description:
    """Return a description by its name. Raises KeyError."""
    if name not in READY:
        raise KeyError(name)
    return read(files("alerts.over_http.ready").joinpath(f"{name}.yaml").read_text(encoding="utf-8"))
