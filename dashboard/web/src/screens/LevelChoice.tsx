import type { LevelColour } from '../api/types';
import { LevelMark } from '../design/LevelMark';
import { LEVEL_ORDER } from '../design/levels';
import { t } from '../i18n';

interface Props {
  name: string;
  value: LevelColour;
  onValue: (level: LevelColour) => void;
}

/** The four levels side by side, each by shape, numeral and colour. */
export function LevelChoice({ name, value, onValue }: Props) {
  return (
    <fieldset class="choice" style={{ border: 0, padding: 0, margin: 0 }}>
      <legend class="unseen">{t('level')}</legend>
      {LEVEL_ORDER.map((level) => (
        <label key={level} class="choice-option" data-testid={`level-${level}`}>
          <input
            type="radio"
            name={name}
            value={level}
            checked={level === value}
            onChange={() => onValue(level)}
            aria-label={t(`level.${level}`)}
          />
          <LevelMark level={level} size={32} />
          <span aria-hidden="true">{t(`level.short.${level}`)}</span>
        </label>
      ))}
    </fieldset>
  );
}
