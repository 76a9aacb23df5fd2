"""The obvious way: aiomqtt behind Mosquitto, and for each message one INSERT in a transaction of its own.

python -m benchmarks.ingest_path.naive_program PORT DSN
"""

import asyncio
import json
import sys
from datetime import UTC, datetime
from typing import Any

import aiomqtt
import psycopg
from shapely import Point, STRtree, from_wkb

from ingest.store.terminals import load

INSERT = """
    INSERT INTO naive_position (terminal, fixed_at, lon, lat, grid, accuracy_m, speed_mps, heading_deg, battery_pct)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
    """


async def serve(port: int, dsn: str) -> None:
    async with await psycopg.AsyncConnection[Any].connect(dsn, autocommit=True) as connection:
        ids = {terminal.code: terminal.id for terminal in (await load(connection)).terminals}
        rows = await (await connection.execute("SELECT unit, area FROM grid ORDER BY unit")).fetchall()
        units, tree = [unit for unit, _ in rows], STRtree(from_wkb([area for _, area in rows]))
        async with aiomqtt.Client("127.0.0.1", port, identifier="naive", clean_session=False) as client:
            await client.subscribe("gw/v1/t/+/pos", qos=1)
            async for message in client.messages:
                said = json.loads(message.payload)
                found = tree.query(Point(said["lon"], said["lat"]), predicate="intersects")
                await connection.execute(
                    INSERT,
                    (
                        ids[str(message.topic).split("/")[3]],
                        datetime.fromtimestamp(said["t"], UTC),
                        said["lon"],
                        said["lat"],
                        units[min(found)] if len(found) else None,
                        said["acc"],
                        said["spd"],
                        said["hdg"],
                        said["bat"],
                    ),
                )


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2]))
