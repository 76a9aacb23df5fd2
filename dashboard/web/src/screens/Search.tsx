import { MapPinned, Search as SearchIcon } from 'lucide';
import { useEffect, useState } from 'preact/hooks';
import { search } from '../api/client';
import { Icon } from '../design/Icon';
import { PresenceMark } from '../design/Presence';
import { named, t } from '../i18n';
import { look } from '../map/CityMap';
import { useFetched } from '../state/async';
import { know } from '../state/people';
import { go, openMember } from '../state/place';
import { levelName, roleName } from '../state/session';

const ASK_AFTER_MS = 150;

interface Found {
  key: string;
  title: string;
  more: string;
  mark: preact.JSX.Element;
  choose: () => void;
}

function useFound(text: string): { found: Found[] | null } {
  const [asked, setAsked] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text.trim()), ASK_AFTER_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const { value } = useFetched(asked === '' ? null : asked, () => search(asked));
  if (!value || asked === '') return { found: null };
  const units = value.units.map((unit) => ({
    key: `u${unit.id}`,
    title: named(unit),
    more: levelName(unit.level),
    mark: <Icon node={MapPinned} />,
    choose: () => go({ unit: unit.id, panel: 'unit' }),
  }));
  const members = value.members.map((member) => ({
    key: `m${member.id}`,
    title: member.name,
    more: [roleName(member.role), member.unit && named(member.unit), member.phone]
      .filter(Boolean)
      .join(' · '),
    mark: <PresenceMark state={member.last?.state ?? 'offline'} />,
    choose: () => {
      know([member]);
      openMember(member.id);
      if (member.last) look(member.last);
    },
  }));
  return { found: [...members, ...units] };
}

export function Search() {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const { found } = useFound(text);
  const isOpen = text.trim() !== '' && found !== null;

  const choose = (one: Found | undefined) => {
    if (!one) return;
    one.choose();
    setText('');
    (document.activeElement as HTMLElement | null)?.blur();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const last = (found?.length ?? 1) - 1;
    if (event.key === 'ArrowDown') setAt(Math.min(at + 1, last));
    else if (event.key === 'ArrowUp') setAt(Math.max(at - 1, 0));
    else if (event.key === 'Enter') choose(found?.[at]);
    else if (event.key === 'Escape') setText('');
    else return;
    event.preventDefault();
  };

  return (
    <search class="search">
      <span class="search-icon">
        <Icon node={SearchIcon} />
      </span>
      <input
        id="search"
        name="search"
        class="input"
        type="text"
        role="combobox"
        autocomplete="off"
        aria-label={t('search')}
        aria-expanded={isOpen}
        aria-controls="search-found"
        aria-activedescendant={isOpen && found[at] ? `found-${found[at].key}` : undefined}
        placeholder={t('search.what')}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      {text === '' && (
        <span class="search-key" aria-hidden="true">
          <kbd>/</kbd>
        </span>
      )}
      {isOpen && <Results found={found} at={at} onChoose={choose} />}
    </search>
  );
}

function Results({ found, at, onChoose }: { found: Found[]; at: number; onChoose: (one: Found) => void }) {
  if (found.length === 0) {
    return (
      <div class="search-found" id="search-found">
        <div class="notice">{t('search.none')}</div>
      </div>
    );
  }
  return (
    <div class="search-found" id="search-found" role="listbox" aria-label={t('search')}>
      {found.map((one, index) => (
        <button
          key={one.key}
          id={`found-${one.key}`}
          type="button"
          class="row"
          role="option"
          aria-selected={index === at}
          tabIndex={-1}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onChoose(one)}
        >
          {one.mark}
          <span class="row-text">
            <span class="row-title clip">{one.title}</span>
            <span class="row-more clip">{one.more}</span>
          </span>
        </button>
      ))}
    </div>
  );
}
