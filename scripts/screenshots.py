"""Draw every screen into docs/screenshots: desk and phone, dark in English and light in Chinese.

    scripts/screenshots.py --all                both themes in both languages, to look at
    scripts/screenshots.py                      of a Gridwarden started for this
    scripts/screenshots.py --url http://127.0.0.1:8000 --name commander --password ...    of a running one
    scripts/screenshots.py map alert            only these screens

It issues a drill in the language of the screen when no warning is in force, so that the screens have something to show.
"""

import argparse
import itertools
import os
import tempfile
import uuid
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import small_png
from playwright.sync_api import BrowserContext, Page, Playwright, ViewportSize, sync_playwright
from short_lived import Place, gridwarden

FOLDER: Final = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
MOST_BYTES: Final = 300_000
CHROMIUM: Final = "/usr/bin/chromium"
FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)
SIZES: Final[dict[str, ViewportSize]] = {
    "desk": {"width": 1440, "height": 900},
    "phone": {"width": 390, "height": 844},
}
LOOKS: Final = (("dark", "en"), ("light", "zh"))  # theme and language; the docs want a small folder
OTHER_LOOKS: Final = (("dark", "zh"), ("light", "en"))
UNSAFE: Final = {"X-Requested-With": "gridwarden"}
SETTLE_MS: Final = 1_200  # a map's glide and one frame of the live channel
WAIT_MS: Final = 30_000

WORDS: Final = {
    "zh": {
        "headline": "今夜有暴雨，请检查下穿隧道",
        "description": "预计21时起三小时降雨80至120毫米，低洼路段可能积水。",
        "instruction": "到岗巡查下穿隧道和地下车库；积水超过25厘米立即封路并上报。",
    },
    "en": {
        "headline": "Heavy rain tonight, check the underpasses",
        "description": "80 to 120 mm within three hours from 21:00; low roads may flood.",
        "instruction": "Patrol underpasses and basements; close a road at 25 cm of water and report it.",
    },
}

CIRCULARS: Final = {
    "zh": {
        "text_zh": "{name}您好，今晚八点请到{unit}参加防汛值守，请携带手持终端。",
        "template": "{name}您好，请于{when}到{place}集合。",
        "group": "防汛值守网格长",
        "name": "集合通知",
        "done": "明日上午九点召开网格长例会，请准时参加。",
    },
    "en": {
        "text_zh": "{name}您好，今晚八点请到{unit}参加防汛值守，请携带手持终端。",
        "template": "{name}, please be at {place} at {when}.",
        "group": "Flood watch leaders",
        "name": "Assembly",
        "done": "Leaders' meeting tomorrow at nine; bring your terminal.",
    },
}

Act = Callable[[Page], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    name: str
    path: str  # {member} and {alert} are filled in
    act: Act | None = None  # what to press once it stands
    only: str | None = None  # desk or phone


def press_new_alert(page: Page) -> None:
    page.locator("body").press("a")
    page.get_by_test_id("level-orange").click()
    words = WORDS[str(page.evaluate("document.documentElement.lang"))[:2]]
    page.locator("#headline").fill(words["headline"])
    page.locator("#description").fill(words["description"])
    rows = page.get_by_test_id("picker").get_by_role("treeitem")
    for row in (1, 2):  # down to a first-level grid
        rows.nth(row).focus()
        page.get_by_test_id("picker").get_by_role("tree").focus()
        page.keyboard.press("Home")
        for _ in range(row):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight" if row == 1 else "Enter")
    page.get_by_test_id("preview-total").wait_for(timeout=WAIT_MS)


def press_help(page: Page) -> None:
    page.locator("body").press("?")


def press_further_away(page: Page) -> None:
    """From the person's track to the streets around, with the warning's edge in view."""
    page.wait_for_timeout(SETTLE_MS)
    for _ in range(3):
        page.locator(".maplibregl-ctrl-zoom-out").click()
        page.wait_for_timeout(SETTLE_MS)


def press_audience(page: Page) -> None:
    page.locator('[data-tab="audience"]').click()
    page.get_by_test_id("audience-row").first.wait_for(timeout=WAIT_MS)


def press_all_alerts(page: Page) -> None:
    page.get_by_test_id("alerts-all").click()
    page.get_by_test_id("alert-row").first.wait_for(timeout=WAIT_MS)


def press_reach(page: Page) -> None:
    page.locator('[data-tab="reach"]').click()
    page.get_by_test_id("reach-view").wait_for(timeout=WAIT_MS)


def press_calls(page: Page) -> None:
    page.locator('[data-tab="calls"]').click()
    page.get_by_test_id("call-list").wait_for(timeout=WAIT_MS)


def press_first_row(page: Page) -> None:
    page.locator(".table-open").first.click(timeout=WAIT_MS)


def press_new_account(page: Page) -> None:
    page.get_by_test_id("add-account").click()


def press_security(page: Page) -> None:
    page.locator('[data-tab="security"]').click()
    page.get_by_test_id("session").first.wait_for(timeout=WAIT_MS)


def await_grids(page: Page) -> None:
    page.locator("[data-testid=grid-map][data-ready=true]").wait_for(timeout=WAIT_MS)
    page.wait_for_function("() => Number(document.querySelector('[data-testid=grid-map]').dataset.grids) > 0")


def press_audit_row(page: Page) -> None:
    page.get_by_test_id("audit-row").first.get_by_role("button").click(timeout=WAIT_MS)


def await_operations(page: Page) -> None:
    page.get_by_test_id("worker-state").first.wait_for(timeout=WAIT_MS)


def press_circular(page: Page) -> None:
    """Write a circular to somebody, to see what would come of it."""
    words = CIRCULARS[str(page.evaluate("document.documentElement.lang"))[:2]]
    page.locator("#to-listed").select_option(index=1, timeout=WAIT_MS)
    page.locator("#to-numbers").fill("139 1234 5678, +86 139-1234-5678\n139123")
    page.locator("#text_zh").fill(words["text_zh"])
    page.get_by_test_id("plan").wait_for(timeout=WAIT_MS)
    page.get_by_test_id("left-out").wait_for(timeout=WAIT_MS)


def press_template(page: Page) -> None:
    press_first_row(page)
    page.locator(".bubble").first.wait_for(timeout=WAIT_MS)


def press_group(page: Page) -> None:
    press_first_row(page)
    page.get_by_test_id("group-people").wait_for(timeout=WAIT_MS)


def await_figures(page: Page) -> None:
    """They are counted once a minute."""
    page.locator(".day-bar .share-part").first.wait_for(state="attached", timeout=4 * WAIT_MS)


def press_message(page: Page) -> None:
    press_first_row(page)
    page.get_by_test_id("attempts").wait_for(timeout=WAIT_MS)


def messaging(section: str, act: Act | None = None, name: str = "") -> Screen:
    return Screen(name=name or f"sms-{section}", path=f"/?manage=sms-{section}", act=act)


def managing(section: str, act: Act | None = None, name: str = "") -> Screen:
    return Screen(name=f"manage-{name or section}", path=f"/?manage={section}", act=act, only="desk")


SCREENS: Final = (
    Screen(name="map", path="/"),
    Screen(name="duty", path="/?panel=member&member={member}", act=press_further_away, only="desk"),
    Screen(name="person", path="/?panel=member&member={member}"),
    Screen(name="unit", path="/?panel=unit", only="desk"),
    Screen(name="alerts", path="/?panel=alerts", act=press_all_alerts),
    Screen(name="alert", path="/?panel=alert&alert={alert}"),
    Screen(name="audience", path="/?panel=alert&alert={alert}", act=press_audience, only="desk"),
    Screen(name="reach", path="/?panel=alert&alert={alert}", act=press_reach, only="desk"),
    Screen(name="calls", path="/?panel=alert&alert={alert}", act=press_calls, only="desk"),
    Screen(name="compose", path="/", act=press_new_alert, only="desk"),
    Screen(name="cases", path="/?panel=cases"),
    Screen(name="crossings", path="/?panel=crossings", only="desk"),
    Screen(name="outbox", path="/?panel=outbox", only="desk"),
    Screen(name="ingest", path="/?panel=ingest", act=await_operations),
    Screen(name="me", path="/?panel=me", only="phone"),
    Screen(name="help", path="/", act=press_help, only="desk"),
    Screen(name="security", path="/?panel=me", act=press_security),
    managing("organisation"),
    managing("members"),
    managing("members", press_first_row, "member"),
    managing("terminals"),
    managing("teams"),
    managing("rosters"),
    managing("contacts"),
    managing("grids", await_grids),
    managing("role-sets"),
    managing("import"),
    managing("accounts"),
    managing("accounts", press_new_account, "new-account"),
    managing("audit", press_audit_row),
    messaging("send", press_circular),
    messaging("sent"),
    messaging("sent", press_message, "sms-message"),
    messaging("archived"),
    messaging("deleted"),
    messaging("templates", press_template),
    messaging("groups", press_group),
    messaging("statistics", await_figures),
    messaging("log"),
    messaging("limits"),
)


def main() -> int:
    asked = arguments()
    looks = (*LOOKS, *OTHER_LOOKS) if asked.all else LOOKS
    FOLDER.mkdir(parents=True, exist_ok=True)
    if asked.url:
        draw_all(Place(url=asked.url, name=asked.name, password=asked.password), looks, asked.only)
    else:
        with gridwarden() as place:
            draw_all(place, looks, asked.only)
    return report()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default=os.environ.get("GRIDWARDEN_URL", ""))
    parser.add_argument("--name", default=os.environ.get("GRIDWARDEN_NAME", "commander"))
    parser.add_argument("--password", default=os.environ.get("GRIDWARDEN_PASSWORD", ""))
    parser.add_argument("--all", action="store_true", help="both themes in both languages")
    parser.add_argument("only", nargs="*", help="names of screens; all when none is given")
    return parser.parse_args()


def draw_all(place: Place, looks: Sequence[tuple[str, str]], only: list[str]) -> None:
    screens = [screen for screen in SCREENS if not only or screen.name in only]
    with sync_playwright() as playwright:
        for frame, (theme, language) in itertools.product(SIZES, looks):
            with browser(playwright, frame=frame, theme=theme, language=language) as context:
                page = context.new_page()
                if not only or "login" in only:
                    draw_login(page, place, f"{frame}-login-{theme}-{language}")
                log_in(context, place)
                known = something_to_show(context, place.url, language)
                for screen in screens:
                    if screen.only in (None, frame):
                        draw(page, place.url + screen.path.format(**known), screen.act)
                        save(page, f"{frame}-{screen.name}-{theme}-{language}")


@contextmanager
def browser(playwright: Playwright, *, frame: str, theme: str, language: str) -> Generator[BrowserContext]:
    """A fresh browser that has already chosen its theme and language."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        context = playwright.chromium.launch_persistent_context(
            folder,
            executable_path=CHROMIUM,
            args=list(FLAGS),
            viewport=SIZES[frame],
            has_touch=frame == "phone",
            reduced_motion="reduce",
        )
        context.add_init_script(
            f"localStorage.setItem('gridwarden.theme', '{theme}');"
            f"localStorage.setItem('gridwarden.language', '{language}')"
        )
        try:
            yield context
        finally:
            context.close()


def draw_login(page: Page, place: Place, name: str) -> None:
    page.goto(place.url)
    page.locator("#name").wait_for(timeout=WAIT_MS)
    save(page, name)


def draw(page: Page, url: str, act: Act | None) -> None:
    page.goto(url)
    if "manage=" in url:
        page.locator("#manage-content").wait_for(timeout=WAIT_MS)
        page.wait_for_load_state("networkidle")
    else:
        page.locator("[data-testid=map][data-ready=true]").wait_for(timeout=WAIT_MS)
        page.wait_for_function("() => Number(document.querySelector('[data-testid=map]').dataset.points) > 0")
    if act:
        act(page)
    page.wait_for_timeout(SETTLE_MS)


def save(page: Page, name: str) -> None:
    small_png.write(page, page.screenshot(animations="disabled"), FOLDER / f"{name}.png")
    print(f"docs/screenshots/{name}.png")


def log_in(context: BrowserContext, place: Place) -> None:
    said = {"name": place.name, "password": place.password}
    answer = context.request.post(f"{place.url}/api/login", data=said, headers=UNSAFE)
    if not answer.ok:
        raise SystemExit(f"cannot log in as {place.name} at {place.url}: {answer.status}; give --name and --password")


def something_to_show(context: BrowserContext, url: str, language: str) -> dict[str, Any]:
    """Return a member with a fresh fix where a warning is in force, and that warning: a drill, issued when missing."""
    alerts = context.request.get(f"{url}/api/alerts?limit=50").json()["alerts"]
    units = context.request.get(f"{url}/api/units").json()["units"]
    targets = [one["id"] for one in units if one["level"] == "grid-1"][:3]
    words = WORDS[language]
    issued = [one["id"] for one in alerts if one["issued_at"] and one["headline"] == words["headline"]]
    write_messages(context, url, units[0]["id"], language)
    members = context.request.get(f"{url}/api/units/{targets[0]}/members?limit=500").json()["members"]
    fresh = [one["id"] for one in members if one["last"] and one["last"]["state"] == "fresh"]
    alert = issued[0] if issued else issue_drill(context, url, targets, words)
    return {"member": (fresh or [members[0]["id"]])[-1], "alert": alert}


def write_messages(context: BrowserContext, url: str, unit: int, language: str) -> None:
    """Keep a template and a group, send a circular to the group, and put some of its messages away; once a language."""
    words = CIRCULARS[language]
    known = context.request.get(f"{url}/api/message-groups").json()["groups"]
    if any(one["name"] == words["group"] for one in known):
        return
    limits = context.request.get(f"{url}/api/message-limits").json()
    ask(context, f"{url}/api/message-limits", revision=limits["revision"], quiet_from=None, quiet_to=None)
    rule = {"kind": "rule", "who": "leaders", "within": unit, "at_level": "grid-2"}
    group = ask(context, f"{url}/api/message-groups", unit=unit, name=words["group"], **rule)
    text = "text_zh" if language == "zh" else "text_en"
    template = {"unit": unit, "name": words["name"], text: words["template"]}
    ask(context, f"{url}/api/message-templates", **template)
    circular = str(uuid.uuid4())
    ask(context, f"{url}/api/circulars", id=circular, unit=unit, text_zh=words["done"], groups=[group["id"]])
    found = context.request.get(f"{url}/api/deliveries?circular={circular}").json()["deliveries"]
    ids = [one["id"] for one in found]
    ask(context, f"{url}/api/deliveries/move", folder="archived", ids=ids[:6])
    ask(context, f"{url}/api/deliveries/move", folder="deleted", ids=ids[6:9])


def ask(context: BrowserContext, url: str, **said: object) -> dict[str, Any]:
    answer = context.request.post(url, data=said, headers=UNSAFE)
    if not answer.ok:
        raise SystemExit(f"{url}: {answer.status} {answer.text()[:200]}")
    return dict(answer.json())


def issue_drill(context: BrowserContext, url: str, targets: list[int], words: dict[str, str]) -> str:
    drill = {
        "id": str(uuid.uuid4()),
        "level": "yellow",
        "event": "rainstorm",
        **words,
        "targets": targets,
        "depth": None,
        "area": None,
        "expires_at": None,
        "is_drill": True,
    }
    draft = context.request.post(f"{url}/api/alerts", data=drill, headers=UNSAFE).json()
    version = {"expected_version": draft["version"]}
    answer = context.request.post(f"{url}/api/alerts/{drill['id']}/issue", data=version, headers=UNSAFE)
    if not answer.ok:
        raise SystemExit(f"cannot issue a drill: {answer.status} {answer.text()[:200]}")
    return str(drill["id"])


def report() -> int:
    large = [path for path in sorted(FOLDER.glob("*.png")) if path.stat().st_size > MOST_BYTES]
    for path in large:
        print(f"{path.name} has {path.stat().st_size} bytes; the docs want at most {MOST_BYTES}")
    return 1 if large else 0


if __name__ == "__main__":
    raise SystemExit(main())
