"""The web app's files, read whole at the start.

Hashed assets are kept by browsers for ever, index.html is asked for each time. A path that is no file is a place in
the app, so index.html answers it.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi import Request, Response

FOLDER: Final = Path(__file__).parent / "web" / "dist"
HASHED: Final = "assets/"  # Vite puts a hash of the content into the names there
FOR_EVER: Final = "public, max-age=31536000, immutable"
ASK_EACH_TIME: Final = "no-cache"
LEAST_TO_COMPRESS: Final = 1_000  # bytes
COMPRESSIBLE: Final = ("text/", "application/json", "application/javascript", "application/manifest", "image/svg")
KINDS: Final = {".mjs": "text/javascript", ".js": "text/javascript", ".webmanifest": "application/manifest+json"}
NOT_BUILT: Final = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Gridwarden</title>
<p>The web app is not built yet: run <code>make setup</code>, then load this page again.</p></html>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    body: bytes
    compressed: bytes | None
    kind: str
    etag: str
    cache: str


def read(folder: Path = FOLDER) -> "Website":
    """Read the built app; without one, a page that says how to build it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    assets = {name: _asset(name, path.read_bytes()) for path in files for name in [path.relative_to(folder).as_posix()]}
    return Website({"index.html": _asset("index.html", NOT_BUILT)} | assets)


def _asset(name: str, body: bytes) -> Asset:
    kind = KINDS.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    is_worth_it = kind.startswith(COMPRESSIBLE) and len(body) >= LEAST_TO_COMPRESS
    return Asset(
        body=body,
        compressed=gzip.compress(body, 6, mtime=0) if is_worth_it else None,
        kind=kind,
        etag=f'"{hashlib.sha256(body).hexdigest()[:20]}"',
        cache=FOR_EVER if name.startswith(HASHED) else ASK_EACH_TIME,
    )


class Website:
    def __init__(self, assets: Mapping[str, Asset]) -> None:
        self._assets = assets

    def holds(self, path: str) -> bool:
        """Whether there is a file at `path`."""
        return path in self._assets

    def answer(self, request: Request, path: str) -> Response:
        """Return the file at `path`, else index.html; a missing hashed asset is 404: it belongs to another build."""
        asset = self._assets.get(path)
        if asset is None and path.startswith(HASHED):
            return Response("not in this build: load the page again", 404, media_type="text/plain")
        asset = asset or self._assets["index.html"]
        headers = {"ETag": asset.etag, "Cache-Control": asset.cache, "Vary": "Accept-Encoding"}
        if asset.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if asset.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(asset.compressed, headers={**headers, "Content-Encoding": "gzip"}, media_type=asset.kind)
        return Response(asset.body, headers=headers, media_type=asset.kind)
