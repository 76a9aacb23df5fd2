"""The one stylesheet of the phone pages. It stands in each page: on a bad line a warning is one request, not three."""

from typing import Final

from alerts.core.levels import Level

STYLE: Final = """
:root { color-scheme: light dark; --map: #f4f6fa; --panel: #fff; --raised: #eaeff7; --line: #d3dbe8; --text: #14202f;
  --text-2: #43536b; --accent: #1259c3; --accent-on: #fff; --good: #17714a; --bad: #b91c1c;
  --blue: #1f6feb; --yellow: #f5c518; --orange: #f08c00; --red: #d92d2d }
@media (prefers-color-scheme: dark) { :root { --map: #0b1220; --panel: #111a2b; --raised: #1a2740; --line: #2a3a58;
  --text: #e8eef9; --text-2: #a9b8d1; --accent: #6aaeff; --accent-on: #0b1220; --good: #4cc38a; --bad: #ff7a7a } }
* { box-sizing: border-box; margin: 0 }
body { min-height: 100vh; min-height: 100dvh; display: flex; flex-direction: column; background: var(--map);
  color: var(--text); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans SC", "Microsoft YaHei",
  "PingFang SC", "WenQuanYi Micro Hei", sans-serif; -webkit-text-size-adjust: 100%; overflow-wrap: anywhere }
.wide { width: 100%; max-width: 640px; margin: 0 auto; padding: 0 16px }
header { padding: 16px 0 20px; background: var(--raised); border-bottom: 1px solid var(--line) }
header.blue { background: var(--blue); color: #fff; border: 0 }
header.yellow { background: var(--yellow); color: #10151f; border: 0 }
header.orange { background: var(--orange); color: #10151f; border: 0 }
header.red { background: var(--red); color: #fff; border: 0 }
header.over { background: var(--raised); color: var(--text); border-bottom: 1px solid var(--line) }
h1 { font-size: 24px; line-height: 1.3; margin: 8px 0 4px }
h2 { font-size: 14px; font-weight: 600; color: var(--text-2); margin: 20px 0 4px }
main { flex: 1; padding-bottom: 24px }
p { white-space: pre-line }
a { color: var(--accent) }
header a { color: inherit }
.mark { display: flex; align-items: center; gap: 8px; font-weight: 600; flex-wrap: wrap }
.mark svg { flex: none }
.badge { border: 1px solid currentcolor; border-radius: 6px; padding: 0 8px; font-size: 14px }
.second { color: var(--text-2); font-size: 14px }
header .second { color: inherit }
.back { display: inline-flex; align-items: center; min-height: 44px; margin-top: -10px }
.good { color: var(--good); font-weight: 600 }
.bad { color: var(--bad); font-weight: 600 }
.wanted { color: var(--accent); font-weight: 600 }
.note { background: var(--panel); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px;
  margin-top: 16px }
.said { border-left: 4px solid var(--accent) }
.do { font-size: 18px; font-weight: 600 }
.foot { position: sticky; bottom: 0; padding: 12px 0; padding-bottom: max(12px, env(safe-area-inset-bottom));
  background: var(--panel); border-top: 1px solid var(--line) }
button, .button { display: flex; align-items: center; justify-content: center; width: 100%; min-height: 48px;
  padding: 8px 16px; font: inherit; font-weight: 600; text-align: center; text-decoration: none; color: var(--text);
  background: var(--panel); border: 1px solid var(--line); border-radius: 10px; cursor: pointer }
button.large, .button.large { min-height: 60px; font-size: 20px; color: var(--accent-on); background: var(--accent);
  border-color: var(--accent) }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
form + form, .button + form, form + .button, .row { margin-top: 12px }
textarea { display: block; width: 100%; min-height: 120px; margin: 8px 0; padding: 12px; font: inherit;
  color: var(--text); background: var(--panel); border: 1px solid var(--line); border-radius: 10px; resize: vertical }
ul { list-style: none; padding: 0 }
.rows { margin-top: 8px; background: var(--panel); border: 1px solid var(--line); border-radius: 10px;
  overflow: hidden }
.rows li + li { border-top: 1px solid var(--line) }
.rows a { display: flex; gap: 12px; align-items: center; min-height: 64px; padding: 12px 16px; color: inherit;
  text-decoration: none }
.rows a > span { flex: 1; min-width: 0 }
.rows strong { display: block; line-height: 1.35 }
.rows .second { display: block }
[hidden] { display: none !important }
"""

# The levels' shapes, in a box of 24 by 24: as the screens draw them (dashboard/web/src/design/levels.ts).
SHAPES: Final = {
    Level.BLUE: ('<circle cx="12" cy="12" r="11" {paint}/>', 15.2),
    Level.YELLOW: ('<polygon points="12,0.5 24,23 0,23" {paint}/>', 19.5),
    Level.ORANGE: ('<polygon points="12,0 24,12 12,24 0,12" {paint}/>', 15.2),
    Level.RED: (
        '<polygon points="23.1,16.6 16.6,23.1 7.4,23.1 0.9,16.6 0.9,7.4 7.4,0.9 16.6,0.9 23.1,7.4" {paint}/>',
        15.2,
    ),
}
FILLS: Final = {Level.BLUE: "#1f6feb", Level.YELLOW: "#f5c518", Level.ORANGE: "#f08c00", Level.RED: "#d92d2d"}
INKS: Final = {Level.BLUE: "#fff", Level.YELLOW: "#10151f", Level.ORANGE: "#10151f", Level.RED: "#fff"}


def mark(level: Level, *, size_px: int, is_on_fill: bool = False) -> str:
    """Return the level's shape with its numeral; on the level's own colour it is drawn in the ink of that colour."""
    shape, text_y = SHAPES[level]
    fill, ink = (INKS[level], FILLS[level]) if is_on_fill else (FILLS[level], INKS[level])
    paint = f'fill="{fill}"'
    return (
        f'<svg width="{size_px}" height="{size_px}" viewBox="0 0 24 24" aria-hidden="true">{shape.format(paint=paint)}'
        f'<text x="12" y="{text_y}" fill="{ink}" font-size="9" font-weight="700" text-anchor="middle">'
        f"{level.facts.numeral}</text></svg>"
    )
