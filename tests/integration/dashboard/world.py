"""A city with one of everything in each of two sibling subtrees and at the top, and what requests about it say.

A new route's path parameter goes into `PLACED`, `OWN` or `GLOBAL`, its body into `BODIES`, its query into `QUERIES`.
Names of what lies in the west hold 西: nobody of the east may read that sign.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
import shapely

from tests.integration.dashboard.builders import CITY, EAST_LEAF, LI, WEST_LEAF, ZHAO, a_member, an_emergency, now

Connection = psycopg.AsyncConnection[Any]

MAYOR: Final = 105


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a request names: one of each kind, all in one unit."""

    key: int  # ids of what has no other
    sign: str
    unit: int
    tree_left: int
    member: int
    version: int

    @property
    def alert(self) -> UUID:
        return UUID(int=self.key)


INSIDE: Final = Target(key=1, sign="东", unit=EAST_LEAF, tree_left=5, member=LI, version=2)
BESIDE: Final = Target(key=2, sign="西", unit=WEST_LEAF, tree_left=15, member=ZHAO, version=3)
ABOVE: Final = Target(key=3, sign="市", unit=CITY, tree_left=1, member=MAYOR, version=4)
TARGETS: Final = (INSIDE, BESIDE, ABOVE)

# Path parameters that name something of a place
PLACED: Final[Mapping[str, Callable[[Target], object]]] = {
    "unit": lambda at: at.unit,
    "member": lambda at: at.member,
    "terminal": lambda at: at.member,
    "version": lambda at: at.version,
    "alert": lambda at: at.alert,
    "account": lambda at: at.key + 900,
    "emergency": lambda at: at.key,
    "team": lambda at: at.key,
    "roster": lambda at: at.key,
    "contact": lambda at: at.key,
    "rule": lambda at: at.key,
    "case": lambda at: at.key,
    "message": lambda at: at.key,
    "circular": lambda at: at.alert,
    "delivery": lambda at: at.key,
    "template": lambda at: at.key,
    "group": lambda at: at.key,
    "inbound": lambda at: at.key,
    "text_case": lambda at: at.key,
}
# Those that name something of one account, or nothing that is there
OWN: Final[Mapping[str, object]] = {"session": "0" * 64, "token": 4_000, "number": 4_000, "delegation": 4_000}
# Those that name what all units share, by the route's beginning
GLOBAL: Final[Mapping[str, object]] = {
    "/api/levels/": "grid-3",
    "/api/role-sets/": "3+X",
    "/api/roles/": "volunteer",
}
# Queries that a route cannot do without, or that make it show more
QUERIES: Final[Mapping[str, Mapping[str, str]]] = {
    "/api/search": {"q": "西"},
    "/api/rosters/{roster}/calendar": {"from": "2026-01-05", "days": "7"},
    "/api/accounts": {"closed": "true"},
    "/api/units": {"closed": "true"},
    "/api/me/delegations/candidates": {"unit": str(EAST_LEAF)},
}
TOMORROW: Final = (now() + timedelta(days=1)).isoformat()
A_MESSAGE: Final = """<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>1</identifier>
<sender>weather.example</sender><sent>2026-07-20T12:00:00+08:00</sent><status>Actual</status><msgType>Alert</msgType>
<scope>Public</scope><info><category>Met</category><event>{sign}</event><urgency>Immediate</urgency>
<severity>Severe</severity><certainty>Likely</certainty><area><areaDesc>{sign}</areaDesc>
<circle>34.1,113.2 100</circle></area></info></alert>"""
LIST_SIGN: Final = "西|west|t103|m103|13800000103"


def a_warning(at: Target) -> dict[str, Any]:
    return {"level": "blue", "event": "rain", "headline": "Rain", "targets": [at.unit]}


def a_square(at: Target) -> dict[str, Any]:
    west = 113.25 if at is INSIDE else 113.05
    ring = [[west, 34.05], [west + 0.01, 34.05], [west + 0.01, 34.06], [west, 34.06], [west, 34.05]]
    return {"type": "Polygon", "coordinates": [ring]}


def revised(**more: object) -> Callable[[Target], dict[str, Any]]:
    return lambda _at: {"revision": 1, **more}


def expected(_at: Target) -> dict[str, Any]:
    return {"expected_version": 1}


def nothing(_at: Target) -> None:
    return None


Body = Callable[[Target], dict[str, Any] | None]
# What each changing route is sent, about a target
BODIES: Final[Mapping[str, Body]] = {
    "/api/logout": nothing,
    "/api/me/password": lambda _: {"old": "x", "new": "y"},
    "/api/me/totp": nothing,
    "/api/me/totp/confirm": lambda _: {"code": "000000"},
    "/api/me/totp/remove": lambda _: {"password": "x", "code": "000000"},
    "/api/me/sessions/{session}/close": nothing,
    "/api/me/tokens": lambda _: {"name": "x", "roles": [], "expires_at": TOMORROW},
    "/api/me/tokens/{token}/revoke": nothing,
    "/api/me/delegations": lambda _: {"role": "issuer", "unit": 4_000, "account": 4_000, "ends_at": TOMORROW},
    "/api/me/delegations/{delegation}/end": nothing,
    "/api/accounts": lambda at: {"name": f"new{at.key}", "unit": at.unit, "roles": {"issuer": at.unit}},
    "/api/accounts/{account}": lambda at: {"revision": 1, "unit": at.unit, "roles": {"dispatcher": at.unit}},
    "/api/accounts/{account}/password": nothing,
    "/api/accounts/{account}/totp/reset": nothing,
    "/api/accounts/{account}/close": nothing,
    "/api/accounts/{account}/reopen": nothing,
    "/api/emergencies/{emergency}/take": nothing,
    "/api/emergencies/{emergency}/close": nothing,
    "/api/alerts": lambda at: {"id": str(UUID(int=at.key + 50)), **a_warning(at)},
    "/api/alerts/preview": a_warning,
    "/api/alerts/{alert}/edit": lambda at: {"expected_version": 1, **a_warning(at)},
    "/api/alerts/{alert}/acknowledge": lambda at: {"member": at.member},
    "/api/alerts/{alert}/submit": expected,
    "/api/alerts/{alert}/approve": expected,
    "/api/alerts/{alert}/decline": expected,
    "/api/alerts/{alert}/issue": expected,
    "/api/alerts/{alert}/propose": lambda _: {"expected_version": 1, "level": "yellow"},
    "/api/alerts/{alert}/level": lambda _: {"expected_version": 1, "level": "yellow"},
    "/api/alerts/{alert}/lift": expected,
    "/api/alerts/{alert}/cancel": expected,
    "/api/cap/messages": nothing,
    "/api/cap/messages/{message}/draft": lambda at: {"id": str(UUID(int=at.key + 60)), **a_warning(at)},
    "/api/cap/messages/{message}/join": lambda at: {"alert": str(at.alert)},
    "/api/cap/messages/{message}/dismiss": lambda _: {"reason": "x"},
    "/api/cap/messages/{message}/reopen": nothing,
    "/api/units": lambda at: {"parent": at.unit, "code": f"new{at.key}", "name": "New", "level": "department"},
    "/api/units/{unit}": revised(name_en="Renamed"),
    "/api/units/{unit}/move": lambda at: {"revision": 1, "parent": at.unit},
    "/api/units/{unit}/close": lambda at: {"revision": 1, "members_to": at.unit},
    "/api/levels": lambda _: {"code": "new", "rank": 9, "name_zh": "新", "name_en": "New"},
    "/api/levels/{code}": lambda _: {"name_en": "Renamed"},
    "/api/roles": lambda _: {"code": "new", "name_zh": "新", "name_en": "New"},
    "/api/roles/{code}": lambda _: {"name_en": "Renamed"},
    "/api/role-sets": lambda _: {"code": "new", "name_zh": "新", "name_en": "New"},
    "/api/role-sets/{code}": lambda _: {"name_en": "Renamed"},
    "/api/role-sets/{code}/delete": nothing,
    "/api/members": lambda at: {
        "name": "New",
        "assignments": [{"unit": at.unit, "role": "volunteer", "is_primary": True}],
    },
    "/api/members/{member}": lambda at: {
        "revision": 1,
        "assignments": [{"unit": at.unit, "role": "volunteer", "is_primary": True}],
    },
    "/api/members/{member}/close": revised(),
    "/api/terminals": lambda at: {"unit": at.unit, "member": at.member},
    "/api/terminals/{terminal}": lambda at: {"revision": 1, "unit": at.unit},
    "/api/terminals/{terminal}/hand": lambda at: {"revision": 1, "member": at.member},
    "/api/terminals/{terminal}/rotate": revised(),
    "/api/terminals/{terminal}/lost": revised(),
    "/api/terminals/{terminal}/found": revised(),
    "/api/terminals/{terminal}/revoke": revised(),
    "/api/terminals/{terminal}/retire": revised(),
    "/api/teams": lambda at: {"name": "New", "unit": at.unit, "leader": at.member, "members": [{"member": at.member}]},
    "/api/teams/{team}": lambda at: {"revision": 1, "unit": at.unit, "leader": at.member},
    "/api/teams/{team}/members": lambda at: {"add": [{"member": at.member}]},
    "/api/teams/{team}/close": revised(),
    "/api/rosters": lambda at: {"unit": at.unit, "name": "New", "anchor": "2026-01-05", "cycle_days": 7},
    "/api/rosters/{roster}": lambda at: {
        "revision": 1,
        "unit": at.unit,
        "members": [{"member": at.member, "since": "2026-01-05"}],
    },
    "/api/rosters/{roster}/close": revised(),
    "/api/duty/exceptions": lambda at: {
        "member": at.member,
        "starts_at": "2026-01-05T00:00:00Z",
        "ends_at": "2026-01-06T00:00:00Z",
        "is_on": False,
    },
    "/api/duty/exceptions/delete": lambda at: {"member": at.member, "starts_at": "2026-01-05T00:00:00Z"},
    "/api/contacts": lambda at: {"unit": at.unit, "kind": "person", "name": "New"},
    "/api/contacts/{contact}": lambda at: {"revision": 1, "unit": at.unit},
    "/api/contacts/{contact}/close": revised(),
    "/api/rules": lambda at: {"unit": at.unit, "name": "New", "kind": "sos", "level": "blue"},
    "/api/rules/{rule}": lambda at: {"revision": 1, "unit": at.unit},
    "/api/rules/{rule}/switch": revised(is_on=True),
    "/api/rules/{rule}/trial": lambda _: {"days": 7},
    "/api/rules/{rule}/delete": revised(),
    "/api/cases/{case}/take": nothing,
    "/api/cases/{case}/close": nothing,
    "/api/circulars/preview": lambda at: {"unit": at.unit, "text_zh": "x", "members": [at.member]},
    "/api/circulars": lambda at: {
        "id": str(UUID(int=at.key + 70)),
        "unit": at.unit,
        "text_zh": "x",
        "members": [at.member],
        "teams": [at.key],
        "groups": [at.key],
        "template": at.key,
        "units": [{"unit": at.unit}],
    },
    "/api/circulars/{circular}/release": nothing,
    "/api/circulars/{circular}/decline": nothing,
    "/api/circulars/{circular}/cancel": nothing,
    "/api/deliveries/move": lambda at: {"ids": [at.key], "folder": "archived"},
    "/api/message-templates": lambda at: {"unit": at.unit, "name": "New", "text_zh": "x"},
    "/api/message-templates/trial": lambda _: {"text_zh": "x"},
    "/api/message-templates/{template}": lambda at: {"revision": 1, "unit": at.unit},
    "/api/message-templates/{template}/delete": revised(),
    "/api/message-groups": lambda at: {"unit": at.unit, "name": "New", "members": [at.member]},
    "/api/message-groups/preview": lambda at: {
        "unit": at.unit,
        "name": "New",
        "kind": "rule",
        "who": "leaders",
        "within": at.unit,
    },
    "/api/message-groups/{group}": lambda at: {"revision": 1, "unit": at.unit, "name": "New", "members": [at.member]},
    "/api/message-groups/{group}/delete": revised(),
    "/api/message-limits": revised(is_test=False),
    "/api/inbound/{inbound}/case": lambda at: {"unit": at.unit},
    "/api/inbound/{inbound}/lift": nothing,
    "/api/text-cases/{text_case}/take": nothing,
    "/api/text-cases/{text_case}/close": nothing,
    "/api/grid-edits/split": lambda at: {"version": 4, "unit": at.unit, "line": [[113.1, 33.0], [113.1, 35.0]]},
    "/api/grid-edits/merge": lambda at: {"version": 4, "units": [at.unit]},
    "/api/grid-edits/reshape": lambda at: {"version": 4, "unit": at.unit, "area": a_square(at)},
    "/api/grid-sets": lambda at: {"based_on": 1, "changes": [{"unit": at.unit, "area": a_square(at)}], "dry_run": True},
    "/api/grid-sets/{version}/withdraw": nothing,
    "/api/history/area": lambda at: {"unit": at.unit, "from": "2026-01-05T00:00:00Z", "to": "2026-01-05T01:00:00Z"},
    "/api/imports": nothing,
    "/api/imports/{number}/apply": nothing,
}


async def one_of_everything(connection: Connection) -> None:
    """Add to the small city of the builders, in each target's unit, one of each kind."""
    await a_member(connection, MAYOR, name="市长", unit=CITY, role="leader")
    for at in TARGETS:
        await connection.execute("UPDATE terminal SET unit = %s WHERE id = %s", [at.unit, at.member])
        await connection.execute(
            "INSERT INTO account (id, name, unit) VALUES (%s, %s, %s)", [at.key + 900, f"{at.sign}账号", at.unit]
        )
        await an_emergency(connection, at.member, sos_id=f"of {at.key}")
        await _an_organisation(connection, at)
        await _an_alert(connection, at)
        await _a_rule(connection, at)
        await _a_planned_set(connection, at)
        await _a_message(connection, at)
        await _a_circular(connection, at)
        await _a_received_text(connection, at)
        await connection.execute(
            "INSERT INTO crossing VALUES (%s, now(), 'enter', %s, %s, 1)", [at.member, at.unit, at.member]
        )
        await connection.execute(
            "INSERT INTO audit (at, account, action, subject, unit) VALUES (now(), %s, 'unit.changed', %s, %s)",
            [at.key + 900, at.sign, at.unit],
        )


async def _an_organisation(connection: Connection, at: Target) -> None:
    facts = {"id": at.key, "name": f"{at.sign}的", "unit": at.unit, "member": at.member}
    await connection.execute(
        """
        INSERT INTO work_team (id, code, name, unit, leader)
        VALUES (%(id)s, %(name)s, %(name)s, %(unit)s, %(member)s)
        """,
        facts,
    )
    await connection.execute("INSERT INTO work_team_member (team, member) VALUES (%(id)s, %(member)s)", facts)
    await connection.execute(
        "INSERT INTO roster (id, unit, name, anchor, cycle_days) VALUES (%(id)s, %(unit)s, %(name)s, '2026-01-05', 7)",
        facts,
    )
    await connection.execute("INSERT INTO roster_shift VALUES (%(id)s, 1, %(name)s, 0, '08:00', '16:00')", facts)
    await connection.execute(
        "INSERT INTO roster_member (roster, member, since) VALUES (%(id)s, %(member)s, '2026-01-01')", facts
    )
    await connection.execute(
        """
        INSERT INTO duty_exception
        VALUES (%(member)s, now() - interval '1 h', now() + interval '1 h', true, %(name)s)
        """,
        facts,
    )
    await connection.execute(
        "INSERT INTO contact (id, unit, kind, name) VALUES (%(id)s, %(unit)s, 'person', %(name)s)", facts
    )


async def _an_alert(connection: Connection, at: Target) -> None:
    facts = {"id": at.alert, "unit": at.unit, "by": at.key + 900, "targets": [at.unit], "name": f"{at.sign}暴雨"}
    await connection.execute(
        """
        INSERT INTO alert (id, state, version, unit, created_by, created_at, is_drill)
        VALUES (%(id)s, 'draft', 1, %(unit)s, %(by)s, now(), false)
        """,
        facts,
    )
    await connection.execute(
        """
        INSERT INTO alert_version (alert, version, kind, level, event, headline, description, targets, made_by, made_at)
        VALUES (%(id)s, 1, 'draft', 'blue', 'rain', %(name)s, '', %(targets)s, %(by)s, now())
        """,
        facts,
    )


async def _a_rule(connection: Connection, at: Target) -> None:
    """A rule with a version, a trial and an open case about the target's member."""
    facts = {"id": at.key, "name": f"{at.sign}的", "unit": at.unit, "member": at.member, "by": at.key + 900}
    await connection.execute(
        """
        INSERT INTO rule (id, unit, name, kind, level, does, hold_min, clear_min, rest_min)
        VALUES (%(id)s, %(unit)s, %(name)s, 'silent', 'blue', 'case', 0, 0, 0)
        """,
        facts,
    )
    await connection.execute(
        """
        INSERT INTO rule_version VALUES (%(id)s, 1, jsonb_build_object('unit', %(unit)s::integer), %(by)s, now())
        """,
        facts,
    )
    await connection.execute(
        """
        INSERT INTO rule_trial (rule, revision, since, until, asked_by, asked_at, finished_at, result)
        VALUES (%(id)s, 1, now() - interval '7 days', now(), %(by)s, now(), now(),
            jsonb_build_object('count', 1, 'standing', 0, 'subjects', 1, 'by_day', '{}'::jsonb, 'took_ms', 1,
                'sample', jsonb_build_array(jsonb_build_object('unit', %(unit)s::integer, 'member',
                    %(member)s::integer, 'opened_at', now(), 'ended_at', null, 'subjects', 1))))
        """,
        facts,
    )
    await connection.execute(
        """
        INSERT INTO rule_case (id, rule, revision, unit, member, level, opened_at, seen_at, subjects, alert)
        OVERRIDING SYSTEM VALUE
        VALUES (%(id)s, %(id)s, 1, %(unit)s, %(member)s, 'blue', now(), now(), 1, %(alert)s)
        """,
        {**facts, "alert": at.alert},
    )
    await connection.execute("INSERT INTO rule_subject VALUES (%(id)s, %(unit)s, %(member)s, now())", facts)


async def _a_message(connection: Connection, at: Target) -> None:
    """A message of a weather service, whose area is all of the city."""
    await connection.execute(
        """
        INSERT INTO cap_message (id, unit, sender, identifier, sent_at, kind, headline, level, is_drill, document,
                                 source, signature, state, received_at, received_by)
        VALUES (%(id)s, %(unit)s, 'weather.example', %(name)s, now(), 'Alert', %(name)s, 'orange', false, %(document)s,
                %(name)s, 'none', 'waiting', now(), %(by)s)
        """,
        {
            "id": at.key,
            "unit": at.unit,
            "name": f"{at.sign}暴雨",
            "document": A_MESSAGE.format(sign=at.sign).encode(),
            "by": at.key + 900,
        },
    )


async def _a_circular(connection: Connection, at: Target) -> None:
    """A template, a group, and a circular that has been sent to the target's member and to a bare number."""
    facts = {
        "id": at.key,
        "circular": at.alert,
        "unit": at.unit,
        "member": at.member,
        "name": f"{at.sign}通知",
        "by": at.key + 900,
        "number": f"+86139000000{at.key:02d}",
    }
    await connection.execute("INSERT INTO message_template (id, unit, name) VALUES (%(id)s, %(unit)s, %(name)s)", facts)
    await connection.execute(
        "INSERT INTO message_template_version VALUES (%(id)s, 1, %(name)s, '', '{}', %(by)s, now())", facts
    )
    await connection.execute(
        "INSERT INTO message_group (id, unit, name, kind) VALUES (%(id)s, %(unit)s, %(name)s, 'static')", facts
    )
    await connection.execute("INSERT INTO message_group_member VALUES (%(id)s, %(member)s)", facts)
    await connection.execute(
        """
        INSERT INTO circular (id, unit, state, asked, text_zh, text_en, pattern_zh, pattern_en, template,
            template_version, recipients, left_out, parts, price, currency, leaves_at, created_by, created_at)
        VALUES (%(circular)s, %(unit)s, 'waiting', '{}', %(name)s, '', %(name)s, '', %(id)s, 1, 2, 0, 2, 0.05, 'CNY',
            now(), %(by)s, now())
        """,
        facts,
    )
    await connection.execute(
        """
        INSERT INTO circular_recipient (circular, place, member, number, name, language, day)
        VALUES (%(circular)s, 1, %(member)s, %(number)s, %(name)s, 'zh', current_date)
        """,
        facts,
    )
    await connection.execute(
        """
        INSERT INTO delivery (id, circular, member, kind, channel, address, body, priority, state, queued_at)
        OVERRIDING SYSTEM VALUE
        SELECT %(id)s + number * 100, %(circular)s,
               CASE number WHEN 0 THEN %(member)s::integer END, 'manual', 'sms',
               concat(%(number)s::text, nullif(number, 0)), %(name)s, 20, 'failed', now()
        FROM generate_series(0, 1) AS number
        """,
        facts,
    )
    await connection.execute(
        "INSERT INTO delivery_attempt VALUES (%(id)s, 1, now(), 'outbox', 'refused', %(name)s)", facts
    )


async def _a_received_text(connection: Connection, at: Target) -> None:
    """A text of the target's member about the target, in a case; the number wants no circulars."""
    facts = {
        "id": at.key,
        "unit": at.unit,
        "member": at.member,
        "number": f"+8613800000{at.member}",
        "name": f"{at.sign}边进水",
    }
    await connection.execute(
        """
        INSERT INTO text_case (id, unit, number, opened_at, heard_at, texts) OVERRIDING SYSTEM VALUE
        VALUES (%(id)s, %(unit)s, %(number)s, now(), now(), 1)
        """,
        facts,
    )
    await connection.execute(
        """
        INSERT INTO sms_inbound (id, provider, source, destination, body, received_at, route, text, member, place,
                                 place_by, place_said, candidates, text_case) OVERRIDING SYSTEM VALUE
        VALUES (%(id)s, 'mobile', %(number)s, '10690001', %(name)s, now(), 'resident', %(name)s, %(member)s, %(unit)s,
                'name', %(name)s, ARRAY[%(unit)s::integer], %(id)s)
        """,
        facts,
    )
    await connection.execute(
        "INSERT INTO sms_stop (number, is_stopped, inbound, changed_at) VALUES (%(number)s, true, %(id)s, now())", facts
    )


async def _a_planned_set(connection: Connection, at: Target) -> None:
    """A set of the day after tomorrow that moves the target's border a little."""
    facts = {"version": at.version, "unit": at.unit, "area": shapely.to_wkb(shapely.box(113.0, 34.0, 113.1, 34.1))}
    await connection.execute(
        "INSERT INTO grid_set (version, takes_effect_at) VALUES (%(version)s, now() + interval '2 days')", facts
    )
    await connection.execute(
        """
        INSERT INTO grid (version, unit, is_leaf, area, min_lon, min_lat, max_lon, max_lat)
        SELECT %(version)s, unit, is_leaf, CASE WHEN unit = %(unit)s THEN %(area)s ELSE area END,
            min_lon, min_lat, max_lon, max_lat
        FROM grid WHERE version = %(version)s - 1
        """,
        facts,
    )
