/** The two names of what is called in both languages, and for a new one its code. */
import { TextField } from '../../../design/Field';
import { t } from '../../../i18n';

export interface Names {
  code: string;
  name_zh: string;
  name_en: string;
}

interface Props {
  of: string; // begins the fields' names
  names: Names;
  isNew: boolean;
  codeHint: string;
  onNames: (change: Partial<Names>) => void;
  errorAt: (field: string) => string | null;
}

export const isNamed = ({ code, name_zh, name_en }: Names): boolean =>
  [code, name_zh, name_en].every((text) => text.trim() !== '');

export function NamePair({ of, names, isNew, codeHint, onNames, errorAt }: Props) {
  return (
    <>
      <div class="pair">
        <TextField
          name={`${of}-name-zh`}
          label={t('rolesets.name_zh')}
          value={names.name_zh}
          onValue={(name_zh) => onNames({ name_zh })}
          error={errorAt('name_zh')}
        />
        <TextField
          name={`${of}-name-en`}
          label={t('rolesets.name_en')}
          value={names.name_en}
          onValue={(name_en) => onNames({ name_en })}
          error={errorAt('name_en')}
        />
      </div>
      {isNew && (
        <TextField
          name={`${of}-code`}
          label={t('unit.code')}
          hint={codeHint}
          value={names.code}
          onValue={(code) => onNames({ code })}
          error={errorAt('code')}
        />
      )}
    </>
  );
}
