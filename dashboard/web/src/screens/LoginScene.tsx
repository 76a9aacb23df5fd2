/** The quiet drawing beside the log-in: a district of grids with its people, from a fixed seed. */

const COLUMNS = 9;
const ROWS = 7;
const CELL = 120;
const JITTER = 34;

/** mulberry32: 32 bits of state are plenty for a drawing. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function draw() {
  const random = seeded(7);
  const wobble = () => (random() - 0.5) * 2 * JITTER;
  const corners = Array.from({ length: ROWS + 1 }, (_, row) =>
    Array.from(
      { length: COLUMNS + 1 },
      (_, column) => [column * CELL + wobble(), row * CELL + wobble()] as const,
    ),
  );
  const cells: string[] = [];
  const people: { x: number; y: number; isLeader: boolean; isFresh: boolean }[] = [];
  for (let row = 0; row < ROWS; row++) {
    for (let column = 0; column < COLUMNS; column++) {
      const ring = [
        corners[row]![column]!,
        corners[row]![column + 1]!,
        corners[row + 1]![column + 1]!,
        corners[row + 1]![column]!,
      ];
      cells.push(ring.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' '));
      for (let one = 0; one < 3; one++) {
        const [x, y] = [(column + 0.2 + 0.6 * random()) * CELL, (row + 0.2 + 0.6 * random()) * CELL];
        people.push({ x, y, isLeader: one === 0, isFresh: random() > 0.22 });
      }
    }
  }
  return { cells, people };
}

const SCENE = draw();
const CHOSEN = 31;

export function LoginScene() {
  return (
    <svg
      viewBox={`60 40 ${COLUMNS * CELL - 120} ${ROWS * CELL - 80}`}
      preserveAspectRatio="xMidYMid slice"
      aria-hidden="true"
    >
      {SCENE.cells.map((points, at) => (
        <polygon
          key={points}
          points={points}
          fill={at === CHOSEN ? 'var(--raised)' : 'none'}
          stroke={at === CHOSEN ? 'var(--accent)' : 'var(--line)'}
          stroke-width={at === CHOSEN ? 2.5 : 1}
        />
      ))}
      {SCENE.people.map(({ x, y, isLeader, isFresh }) => {
        const paint = isFresh
          ? { fill: 'var(--good)', stroke: 'var(--map)', 'stroke-width': 1.5 }
          : { fill: 'none', stroke: 'var(--off)', 'stroke-width': 1.5 };
        const key = `${x} ${y}`;
        return isLeader ? (
          <rect key={key} x={x - 5} y={y - 5} width="10" height="10" rx="1.5" {...paint} />
        ) : (
          <circle key={key} cx={x} cy={y} r="5" {...paint} />
        );
      })}
      <defs>
        <linearGradient id="scene-fade" x1="0" y1="0" x2="0" y2="1">
          <stop offset="0.45" stop-color="var(--map)" stop-opacity="0" />
          <stop offset="0.9" stop-color="var(--map)" stop-opacity="0.96" />
        </linearGradient>
      </defs>
      <rect x="0" y="0" width="100%" height="100%" transform="translate(60 40)" fill="url(#scene-fade)" />
    </svg>
  );
}
