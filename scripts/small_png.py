"""Screenshots as PNG of 256 colours, which are a third of the size and look the same: screens have few colours.

The browser that drew them decodes them and picks the colours, so that no image library is needed.
"""

import base64
import struct
import zlib
from pathlib import Path
from typing import Any, Final, cast

from playwright.sync_api import Page

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"

# Counts the colours, keeps the 256 most frequent, and gives each other pixel the nearest of them.
REDUCE: Final = """async (png) => {
  const image = new Image();
  image.src = 'data:image/png;base64,' + png;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  const palette = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 256).map(([colour]) => colour);
  const apart = (a, b) => ((a & 255) - (b & 255)) ** 2 + ((a >> 8 & 255) - (b >> 8 & 255)) ** 2
    + ((a >> 16 & 255) - (b >> 16 & 255)) ** 2;
  const nearest = new Map(palette.map((colour, at) => [colour, at]));
  for (const colour of counts.keys()) {
    if (nearest.has(colour)) continue;
    let best = 0;
    palette.forEach((other, at) => { if (apart(colour, other) < apart(colour, palette[best])) best = at; });
    nearest.set(colour, best);
  }
  const indices = Uint8Array.from(pixels, (pixel) => nearest.get(pixel));
  let text = '';
  for (let at = 0; at < indices.length; at += 32768) text += String.fromCharCode(...indices.subarray(at, at + 32768));
  return { width: image.width, height: image.height, palette, indices: btoa(text) };
}"""


def write(page: Page, png: bytes, path: Path) -> None:
    """Write the picture with a palette."""
    reduced = cast("dict[str, Any]", page.evaluate(REDUCE, base64.b64encode(png).decode()))
    width, height = int(reduced["width"]), int(reduced["height"])
    indices = base64.b64decode(reduced["indices"])
    rows = b"".join(b"\x00" + indices[at : at + width] for at in range(0, len(indices), width))
    palette = b"".join(struct.pack("<I", int(colour) & 0xFFFFFF)[:3] for colour in reduced["palette"])
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    path.write_bytes(SIGNATURE + b"".join(_chunk(kind, body) for kind, body in chunks))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
