import type { LevelColour } from '../api/types';
import { t } from '../i18n';
import { LEVELS, type LevelShape } from './levels';

/** A warning level so that it works without colour: shape, Roman numeral, and then the colour. */
export function LevelMark({
  level,
  size = 20,
  named,
}: {
  level: LevelColour;
  size?: number;
  named?: boolean;
}) {
  const { numeral, shape, textY } = LEVELS[level];
  const name = t(`level.${level}`);
  return (
    <span class={`level level-${level}`} title={named ? undefined : name}>
      <svg
        width={size}
        height={size}
        viewBox="0 0 24 24"
        role="img"
        aria-label={named ? undefined : name}
        aria-hidden={named}
      >
        <Shape shape={shape} fill={`var(--${level}-fill)`} />
        <text x="12" y={textY} fill={`var(--${level}-on)`}>
          {numeral}
        </text>
      </svg>
      {named && <span>{name}</span>}
    </span>
  );
}

function Shape({ shape, fill }: { shape: LevelShape; fill: string }) {
  if (shape.kind === 'circle') return <circle cx="12" cy="12" r={shape.radius} fill={fill} />;
  return <polygon points={shape.points} fill={fill} />;
}
