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
import re
import tempfile
import uuid
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import small_png
from playwright.sync_api import BrowserContext, Page, Playwright, ViewportSize, sync_playwright
from screens import CIRCULARS, RULES, SCREENS, SETTLE_MS, TEXTS, WAIT_MS, WORDS, Act
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
LOCALES: Final = {"en": "en-GB", "zh": "zh-CN"}
OTHER_LOOKS: Final = (("dark", "zh"), ("light", "en"))
UNSAFE: Final = {"X-Requested-With": "gridwarden"}

OURS_ALONE: Final = re.compile(r"/(ack|api)/")  # pages that the server draws, without a map
LINK: Final = re.compile(r"https?://[^/\s]+(/ack/\S+)")


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
                if place.phones is not None:
                    let_phones_write(context, place, language)
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
            color_scheme="dark" if theme == "dark" else "light",
            locale=LOCALES[language],
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
    if OURS_ALONE.search(url):
        page.wait_for_load_state("load")
    elif "manage=" in url:
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
    drills = [one for one in alerts if one["issued_at"] and one["is_drill"]]
    issued = [one["id"] for one in drills if one["headline"] == words["headline"]]
    write_messages(context, url, units[0]["id"], language)
    make_rules(context, url, units[0]["id"], language)
    members = context.request.get(f"{url}/api/units/{targets[0]}/members?limit=500").json()["members"]
    fresh = [one["id"] for one in members if one["last"] and one["last"]["state"] == "fresh"]
    alert = issued[0] if issued else issue(context, url, targets, words)
    link = link_of_a_reader(context, url, alert)
    return {"member": (fresh or [members[0]["id"]])[-1], "alert": alert, "link": link}


def link_of_a_reader(context: BrowserContext, url: str, alert: str) -> str:
    """Return the path of the link that a message of this warning ends with; the dispatcher sends it at once."""
    for _ in range(WAIT_MS // SETTLE_MS):
        messages = context.request.get(f"{url}/api/outbox?alert={alert}&limit=50").json()["messages"]
        for message in messages:
            if found := LINK.search(message["body"]):
                return found[1]
        context.pages[0].wait_for_timeout(SETTLE_MS)
    raise SystemExit(f"no message of the warning {alert} was sent within {WAIT_MS / 1000:.0f} s")


def let_phones_write(context: BrowserContext, place: Place, language: str) -> None:
    """Let residents, and a leader who was told of something, write to the city; once a language."""
    name = "name" if language == "zh" else "name_en"
    numbers = [f"+86139{'1' if language == 'zh' else '2'}111{number:04d}" for number in range(4)]
    if place.phones is None or numbers[0] in heard(context, place):
        return
    units = context.request.get(f"{place.url}/api/units").json()["units"]
    grid, other, *_ = [one for one in units if one["level"] == "grid-2"]
    street = next(one["id"] for one in units if one["level"] == "grid-1")  # further down the city may not issue
    warning = issue(context, place.url, [street], WORDS[language], level="blue", is_drill=False)
    leader = number_told(context, place.url)
    wrote = [*zip(numbers, TEXTS[language], strict=True), (leader, "收到")]
    for number, text in wrote:
        place.phones.write(f"{number} {text.format(grid=grid[name], other=other[name])}\n")
    place.phones.flush()
    for _ in range(WAIT_MS // SETTLE_MS):
        if {number for number, _ in wrote} <= heard(context, place):
            version = context.request.get(f"{place.url}/api/alerts/{warning}").json()["version"]
            ask(context, f"{place.url}/api/alerts/{warning}/lift", expected_version=version)
            return
        context.pages[0].wait_for_timeout(SETTLE_MS)
    raise SystemExit("what phones wrote has not come in")


def number_told(context: BrowserContext, url: str) -> str:
    """Return the number of somebody whom the operator has told of a warning."""
    for _ in range(WAIT_MS // SETTLE_MS):
        found = context.request.get(f"{url}/api/deliveries?channel=sms&kind=telling&state=delivered&limit=1").json()
        if found["deliveries"]:
            return str(found["deliveries"][0]["address"])
        context.pages[0].wait_for_timeout(SETTLE_MS)
    raise SystemExit("nobody was told of a warning by SMS")


def heard(context: BrowserContext, place: Place) -> set[str]:
    """Return the numbers that have written."""
    return {each["number"] for each in context.request.get(f"{place.url}/api/inbound?limit=500").json()["inbound"]}


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


def make_rules(context: BrowserContext, url: str, unit: int, language: str) -> None:
    """Keep some rules, and try the first on the last days; once a language."""
    known = {one["name"] for one in context.request.get(f"{url}/api/rules").json()["rules"]}
    for rule in RULES[language]:
        if rule["name"] not in known:
            level = {"at_level": "grid-3", "together": "grid-1"} if rule["kind"] == "grid_empty" else {}
            made = ask(context, f"{url}/api/rules", unit=unit, **rule, **level)
            ask(context, f"{url}/api/rules/{made['id']}/trial", days=1)


def ask(context: BrowserContext, url: str, **said: object) -> dict[str, Any]:
    answer = context.request.post(url, data=said, headers=UNSAFE)
    if not answer.ok:
        raise SystemExit(f"{url}: {answer.status} {answer.text()[:200]}")
    return dict(answer.json())


def issue(context: BrowserContext, url: str, targets: list[int], words: dict[str, str], **more: object) -> str:
    """Issue a warning, a yellow drill unless told otherwise."""
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
        **more,
    }
    draft = context.request.post(f"{url}/api/alerts", data=drill, headers=UNSAFE).json()
    version = {"expected_version": draft["version"]}
    answer = context.request.post(f"{url}/api/alerts/{drill['id']}/issue", data=version, headers=UNSAFE)
    if not answer.ok:
        raise SystemExit(f"cannot issue a warning: {answer.status} {answer.text()[:200]}")
    return str(drill["id"])


def report() -> int:
    large = [path for path in sorted(FOLDER.glob("*.png")) if path.stat().st_size > MOST_BYTES]
    for path in large:
        print(f"{path.name} has {path.stat().st_size} bytes; the docs want at most {MOST_BYTES}")
    return 1 if large else 0


if __name__ == "__main__":
    raise SystemExit(main())
