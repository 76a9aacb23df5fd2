"""A weather service that answers on this machine: pages by path, and a book of what it was asked."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Page:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])


@dataclass
class Weather:
    """`pages` by path; what is not there is 404. `asked` holds (path, headers) in order."""

    port: int = 0
    pages: dict[str, Page] = field(default_factory=dict[str, Page])
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list[tuple[str, dict[str, str]]])

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
        except asyncio.IncompleteReadError:
            writer.close()
            return
        request, *lines = head.split("\r\n")
        path = request.split()[1]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        self.asked.append((path, headers))
        page = self.pages.get(path, Page(status=404))
        if page.status == 200 and headers.get("if-none-match", "") == page.headers.get("ETag", "-"):
            page = Page(status=304, headers=page.headers)
        said = {"Content-Length": str(len(page.body)), "Connection": "close", **page.headers}
        lines = [f"HTTP/1.1 {page.status} X", *(f"{name}: {value}" for name, value in said.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode() + page.body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def a_weather_service() -> AsyncGenerator[Weather]:
    weather = Weather()
    server = await asyncio.start_server(weather.answer, "127.0.0.1", 0)
    weather.port = server.sockets[0].getsockname()[1]
    try:
        yield weather
    finally:
        server.close()
        await server.wait_closed()
