/** Finds one person by name, pinyin initials, phone or code, and offers what was found as a list box. */
import { X } from 'lucide';
import { useEffect, useState } from 'preact/hooks';
import { findMembers, type MemberRow } from '../../../api/organisation';
import type { Named } from '../../../api/types';
import { SquareButton } from '../../../design/Button';
import { named, t } from '../../../i18n';
import { roleName } from '../../../state/session';

const ASK_AFTER_MS = 150;
const SHOWN = 8;

interface Props {
  name: string;
  label: string;
  value: Named | null;
  onValue: (member: Named | null) => void;
  unit?: number | null; // only these and below
  hint?: string;
  error?: string | null;
  autofocus?: boolean;
}

const focusOnce = (node: HTMLInputElement | null) => node?.focus();

export function MemberPicker({ name, label, value, onValue, unit, hint, error, autofocus }: Props) {
  return (
    <div class="field member-picker">
      <label class="field-label" for={name}>
        {label}
      </label>
      {value ? (
        <div class="picked">
          <input id={name} class="input" value={value.name} readOnly />
          <SquareButton icon={X} label={t('picker.clear')} onClick={() => onValue(null)} />
        </div>
      ) : (
        <Finder name={name} unit={unit ?? null} onFound={onValue} autofocus={autofocus} hint={hint} />
      )}
      {hint && (
        <span class="field-hint" id={`${name}-hint`}>
          {hint}
        </span>
      )}
      {error && (
        <span class="field-error" role="alert">
          {error}
        </span>
      )}
    </div>
  );
}

/** An answer that a newer question overtook is dropped. */
function useFound(words: string, unit: number | null): readonly MemberRow[] | null {
  const [found, setFound] = useState<readonly MemberRow[] | null>(null);
  useEffect(() => {
    setFound(null);
    if (words === '') return;
    let isCurrent = true;
    const timer = setTimeout(() => {
      findMembers({ q: words, unit, limit: SHOWN, offset: 0 }).then(
        (page) => isCurrent && setFound(page.members),
        () => isCurrent && setFound([]),
      );
    }, ASK_AFTER_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [words, unit]);
  return found;
}

interface FinderProps {
  name: string;
  unit: number | null;
  hint?: string;
  autofocus?: boolean;
  onFound: (member: Named) => void;
}

function Finder({ name, unit, hint, autofocus, onFound }: FinderProps) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const found = useFound(text.trim(), unit);
  const isOpen = text.trim() !== '' && found !== null;
  const here = found?.[at];
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, () => void> = {
      ArrowDown: () => setAt((before) => Math.min(before + 1, (found?.length ?? 1) - 1)),
      ArrowUp: () => setAt((before) => Math.max(before - 1, 0)),
      Enter: () => here && onFound(here),
      Escape: () => setText(''),
    };
    const move = text === '' ? undefined : moves[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    move();
  };
  return (
    <div class="finder">
      <input
        id={name}
        name={name}
        class="input"
        type="text"
        role="combobox"
        autocomplete="off"
        placeholder={t('members.find')}
        aria-expanded={isOpen}
        aria-controls={`${name}-found`}
        aria-autocomplete="list"
        aria-activedescendant={isOpen && here ? `${name}-${here.id}` : undefined}
        aria-describedby={hint ? `${name}-hint` : undefined}
        ref={autofocus ? focusOnce : null}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      {isOpen && (
        <div class="finder-found" id={`${name}-found`} role="listbox" aria-label={t('members.find')}>
          {found.length === 0 && <p class="finder-none quiet">{t('search.none')}</p>}
          {found.map((member, index) => (
            <FoundRow
              key={member.id}
              id={`${name}-${member.id}`}
              member={member}
              isHere={index === at}
              onChoose={() => onFound(member)}
            />
          ))}
        </div>
      )}
    </div>
  );
}

interface FoundProps {
  id: string;
  member: MemberRow;
  isHere: boolean;
  onChoose: () => void;
}

function FoundRow({ id, member, isHere, onChoose }: FoundProps) {
  const place = member.assignments.find((each) => each.is_primary) ?? member.assignments[0];
  return (
    <div
      id={id}
      class="row"
      role="option"
      tabIndex={-1}
      aria-selected={isHere}
      onPointerDown={(event) => {
        event.preventDefault(); // the field keeps the focus
        onChoose();
      }}
    >
      <span class="row-text">
        <span class="row-title clip">{member.name}</span>
        <span class="row-more clip">{place && [roleName(place.role), named(place.unit)].join(' · ')}</span>
      </span>
      <span class="row-end">{member.phone}</span>
    </div>
  );
}
