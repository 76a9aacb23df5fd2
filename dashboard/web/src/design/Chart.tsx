/** A small line over time, with its highest value beside it, and in words for who cannot see it. */
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
