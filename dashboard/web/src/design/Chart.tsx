/** A small line over time, or bars by day; in words for who cannot see them. */
const WIDTH = 180;
const HEIGHT = 36;

interface Props {
  label: string; // all that the line says, in words
  points: readonly (number | null)[]; // evenly spaced; null is a gap
  ceiling: number; // what the top stands for
}

/** SVG path data: a stroke for each stretch without gaps; a point that stands alone is a dot. */
export function strokes(points: readonly (number | null)[], ceiling: number): string[] {
  const step = WIDTH / Math.max(1, points.length - 1);
  const place = (value: number, at: number) =>
    `${(at * step).toFixed(1)} ${(HEIGHT - 1 - (Math.min(value, ceiling) / ceiling) * (HEIGHT - 2)).toFixed(1)}`;
  const found: string[][] = [];
  points.forEach((value, at) => {
    if (value === null) return;
    if (at === 0 || points[at - 1] === null) found.push([]);
    found.at(-1)!.push(place(value, at));
  });
  return found.map((stretch) => `M${stretch.join('L')}${stretch.length === 1 ? 'h0.1' : ''}`);
}

function under(stroke: string): string {
  const places = stroke.slice(1).split('L');
  const x = (place: string) => place.split(' ')[0]!;
  return `${stroke}L${x(places.at(-1)!)} ${HEIGHT}L${x(places[0]!)} ${HEIGHT}Z`;
}

export function Chart({ label, points, ceiling }: Props) {
  const drawn = strokes(points, ceiling);
  return (
    <svg
      class="chart"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
    >
      {drawn.map(
        (stroke) => stroke.includes('L') && <path key={stroke} class="chart-area" d={under(stroke)} />,
      )}
      {drawn.map((stroke) => (
        <path key={stroke} class="chart-line" d={stroke} vector-effect="non-scaling-stroke" />
      ))}
    </svg>
  );
}

interface BarsProps {
  label: string;
  bars: readonly { key: string; name: string; value: number; shown: string }[];
}

/** A bar for each, its value above and its name below; a list for who hears it. */
export function Bars({ label, bars }: BarsProps) {
  const highest = Math.max(1, ...bars.map(({ value }) => value));
  return (
    <ul class="bars" aria-label={label}>
      {bars.map(({ key, name, value, shown }) => (
        <li key={key} class="bars-one" aria-label={`${name}: ${shown}`}>
          <span class="bars-value num" aria-hidden="true">
            {value > 0 ? shown : ''}
          </span>
          <span class="bars-room" aria-hidden="true">
            <span
              class={value > 0 ? 'bars-bar' : 'bars-bar bars-none'}
              style={{ height: `${(value / highest) * 100}%` }}
            />
          </span>
          <span class="bars-name num" aria-hidden="true">
            {name}
          </span>
        </li>
      ))}
    </ul>
  );
}
