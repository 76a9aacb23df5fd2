"""Who was in an area between two times, and a member's hours: against brute force, and for whoever may see it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import numpy as np
import psycopg
import pytest
import shapely

from dashboard.api import history
from tests.integration.dashboard.builders import (
    CITY,
    EAST,
    EAST_LEAF,
    EAST_LEAF_2,
    EAST_STREET,
    LI,
    QIAN,
    UNITS,
    WANG,
    WEST,
    ZHAO,
    Place,
    now,
)

Connection = psycopg.AsyncConnection[Any]
Fix = tuple[datetime, int, float, float, int]  # when, terminal, lon, lat, flags

NOON = (now() - timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)
HOUR = {"from": NOON.isoformat(), "to": (NOON + timedelta(hours=1)).isoformat()}
LEAVES = [(unit, west, east) for unit, _code, _name, level, *_, west, east in UNITS if level == "grid-3"]


def grid_of(lon: float, lat: float) -> int:
    return next((unit for unit, west, east in LEAVES if west <= lon <= east and 34.0 <= lat <= 34.2), 0)


async def store(city: Connection, *fixes: Fix) -> None:
    async with city.cursor() as cursor:
        await cursor.executemany(
            """
            INSERT INTO position (fixed_at, terminal, delay_ms, lon, lat, grid, speed_dmps, heading_deg, accuracy_dm,
                altitude_m, battery_pct, flags, member, step_m, step_s)
            VALUES (%s, %s, 0, %s, %s, %s, 0, 0, 0, 0, 0, %s, %s, 10, 30)
            """,
            [
                (at, terminal, round(lon * 1e7), round(lat * 1e7), grid_of(lon, lat), flags, terminal)
                for at, terminal, lon, lat, flags in fixes
            ],
        )


async def ask(client: httpx.AsyncClient, **asked: Any) -> dict[str, Any]:
    answer = await client.post("/api/history/area", json={**HOUR, **asked})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def polygon(area: shapely.Polygon) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[list(spot) for spot in area.exterior.coords]]}


async def test_who_was_in_a_unit_comes_with_first_and_last_time(place: Place, city: Connection) -> None:
    late = NOON + timedelta(minutes=50)
    await store(
        city,
        (NOON - timedelta(minutes=1), LI, 113.25, 34.1, 0),  # before
        (NOON, WANG, 113.21, 34.1, 0),
        (NOON + timedelta(minutes=1), LI, 113.26, 34.1, 0),
        (NOON + timedelta(minutes=2), LI, 113.35, 34.1, 0),  # in the other grid
        (NOON + timedelta(minutes=3), LI, 113.27, 34.1, 1),  # suspect
        (NOON + timedelta(minutes=4), LI, 113.27, 34.1, 8),  # inaccurate
        (late, LI, 113.29, 34.15, 2),  # late, and no worse for it
        (NOON + timedelta(hours=1), WANG, 113.25, 34.1, 0),  # after
    )
    async with place.logged_in("east") as client:
        found = await ask(client, unit=EAST_LEAF)
    assert (found["total"], found["fixes"]) == (2, 3)
    wang, li = found["people"]
    assert (wang["id"], wang["name"], wang["fixes"]) == (WANG, "王东", 1)
    assert (li["id"], li["fixes"], li["unit"]["id"]) == (LI, 2, EAST_LEAF)
    assert [datetime.fromisoformat(li[end]) for end in ("first_at", "last_at")] == [NOON + timedelta(minutes=1), late]
    assert [sample[1:] for sample in li["samples"]] == [[113.26, 34.1], [113.29, 34.15]]
    assert len(wang["samples"]) == 1


@pytest.mark.parametrize("seed", range(6))
async def test_who_was_in_an_area_agrees_with_brute_force(place: Place, city: Connection, seed: int) -> None:
    rng = np.random.default_rng(seed)
    fixes = list({(fix[0], fix[1]): fix for fix in (wandering(rng) for _ in range(400))}.values())
    await store(city, *fixes)
    handed = NOON + timedelta(minutes=30)
    await city.execute("UPDATE terminal_carrier SET until = %s WHERE terminal = %s", [handed, LI])
    await city.execute("INSERT INTO terminal_carrier (terminal, member, since) VALUES (%s, %s, %s)", [LI, QIAN, handed])
    west, east = sorted(rng.uniform(112.98, 113.42, 2))
    south, north = sorted(rng.uniform(33.98, 34.22, 2))
    area = shapely.box(west, south, east, north) if seed % 2 else shapely.Point(113.2, 34.1).buffer(0.12)
    wanted = brute_force(fixes, area, handed)
    async with place.logged_in("centre") as client:
        found = await ask(client, area=polygon(area))
    assert [(one["id"], one["fixes"], datetime.fromisoformat(one["first_at"])) for one in found["people"]] == wanted


def wandering(rng: np.random.Generator) -> Fix:
    at = NOON + timedelta(seconds=int(rng.integers(-600, 4200)))
    terminal = int(rng.choice([LI, WANG, ZHAO]))
    lon, lat = (round(float(degrees), 7) for degrees in (rng.uniform(112.95, 113.45), rng.uniform(33.95, 34.25)))
    return at, terminal, lon, lat, int(rng.choice([0, 0, 0, 1, 2, 8]))


def brute_force(fixes: list[Fix], area: shapely.Polygon, handed: datetime) -> list[tuple[int, int, datetime]]:
    seen: dict[int, list[datetime]] = {}
    for at, terminal, lon, lat, flags in fixes:
        if NOON <= at < NOON + timedelta(hours=1) and not flags & 9 and area.intersects(shapely.Point(lon, lat)):
            seen.setdefault(QIAN if terminal == LI and at >= handed else terminal, []).append(at)
    return sorted(((who, len(times), min(times)) for who, times in seen.items()), key=lambda row: (row[2], row[0]))


async def test_people_come_in_pages(place: Place, city: Connection) -> None:
    await store(city, *((NOON + timedelta(minutes=who - 100), who, 113.25, 34.1, 0) for who in (LI, WANG, QIAN)))
    async with place.logged_in("east") as client:
        second = await ask(client, unit=EAST_STREET, limit=1, offset=1)
    assert (second["total"], [one["id"] for one in second["people"]]) == (3, [WANG])


async def test_nobody_learns_of_other_people_or_asks_about_other_units(place: Place, city: Connection) -> None:
    await store(city, (NOON, ZHAO, 113.25, 34.1, 0), (NOON, LI, 113.1, 34.1, 0), (NOON, WANG, 113.25, 34.1, 0))
    everywhere = polygon(shapely.box(112.9, 33.9, 113.5, 34.3))
    async with place.logged_in("east") as client:
        drawn = await ask(client, area=everywhere)
        own = await ask(client, unit=EAST)
        foreign = await client.post("/api/history/area", json={**HOUR, "unit": WEST})
        above = await client.post("/api/history/area", json={**HOUR, "unit": CITY})
    assert [one["id"] for one in drawn["people"]] == [LI, WANG]  # our own, wherever they were
    assert [one["id"] for one in own["people"]] == [WANG]
    assert own["fixes"] == 1
    assert (foreign.status_code, above.status_code) == (404, 404)


async def test_looking_at_an_area_is_kept(place: Place, city: Connection) -> None:
    await store(city, (NOON, LI, 113.25, 34.1, 0))
    async with place.logged_in("east") as client:
        await ask(client, unit=EAST_LEAF)
        await ask(client, area=polygon(shapely.box(113.2, 34.0, 113.3, 34.1)))
    cursor = await city.execute("SELECT subject, unit FROM audit WHERE action = 'area.searched' ORDER BY id")
    assert await cursor.fetchall() == [("unit 410102001001001 东格一", EAST_LEAF), ("drawn area", EAST)]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "say `unit` or `area`"),
        ({"unit": EAST, "area": polygon(shapely.box(113.2, 34.0, 113.3, 34.1))}, "say `unit` or `area`"),
        ({"unit": EAST, "to": (NOON + timedelta(days=8)).isoformat()}, "7 days at most"),
        ({"unit": EAST, "to": NOON.isoformat()}, "before `to`"),
    ],
)
async def test_what_makes_no_sense_is_refused(place: Place, asked: dict[str, Any], said: str) -> None:
    async with place.logged_in("east") as client:
        answer = await client.post("/api/history/area", json={**HOUR, **asked})
    assert answer.status_code == 422
    assert said in answer.json()["message"]


async def test_too_many_fixes_are_refused_with_what_to_narrow(
    place: Place, city: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST_FIXES", 2)
    await store(city, *((NOON + timedelta(minutes=at), LI, 113.25, 34.1, 0) for at in range(3)))
    async with place.logged_in("east") as client:
        answer = await client.post("/api/history/area", json={**HOUR, "unit": EAST})
    assert (answer.status_code, answer.json()["error"]) == (422, "too_much")
    assert "choose a smaller unit or area, or a shorter time" in answer.json()["message"]


async def test_a_grid_redrawn_meanwhile_counts_as_it_was(place: Place, city: Connection) -> None:
    """The second set gives the east half of one grid to the other; the fix was judged by the first."""
    await city.execute("INSERT INTO grid_set (version, takes_effect_at) VALUES (2, %s)", [NOON + timedelta(minutes=30)])
    for unit, west, east in ((EAST_LEAF, 113.2, 113.25), (EAST_LEAF_2, 113.25, 113.4)):
        await city.execute(
            "INSERT INTO grid VALUES (2, %s, true, %s, %s, 34.0, %s, 34.2)",
            [unit, shapely.to_wkb(shapely.box(west, 34.0, east, 34.2)), west, east],
        )
    await store(city, (NOON, LI, 113.27, 34.1, 0))
    async with place.logged_in("east") as client:
        found = await ask(client, area=polygon(shapely.box(113.25, 34.0, 113.4, 34.2)))
    assert [one["id"] for one in found["people"]] == [LI]


async def test_a_members_hours_name_the_grids_they_were_in(place: Place, city: Connection) -> None:
    await store(
        city,
        (NOON, LI, 113.25, 34.1, 0),
        (NOON + timedelta(minutes=1), LI, 113.35, 34.1, 0),
        (NOON + timedelta(minutes=2), LI, 113.35, 34.1, 0),
        (NOON + timedelta(minutes=3), LI, 113.1, 34.1, 0),  # where an account of the east sees no grid
        (NOON + timedelta(minutes=61), LI, 113.35, 34.1, 8),
    )
    asked = {"from": NOON.isoformat(), "to": (NOON + timedelta(hours=2)).isoformat()}
    async with place.logged_in("east") as client:
        found = (await client.get(f"/api/members/{LI}/hours", params=asked)).json()["hours"]
        other = await client.get(f"/api/members/{ZHAO}/hours", params=asked)
    assert other.status_code == 404
    assert {datetime.fromisoformat(row["hour"]).astimezone(UTC) for row in found} == {NOON}
    rows = [(row["grid"] and row["grid"]["id"], row["fixes"], row["distance_m"], row["in_grid_s"]) for row in found]
    assert rows == [(EAST_LEAF_2, 2, 20, 60), (EAST_LEAF, 1, 10, 30), (None, 1, 10, 30)]
