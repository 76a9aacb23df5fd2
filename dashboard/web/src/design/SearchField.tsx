import { Search } from 'lucide';
import { useEffect, useState } from 'preact/hooks';
import { Icon } from './Icon';

const ASK_AFTER_MS = 150;

interface Props {
  label: string;
  onSearch: (text: string) => void; // trimmed, once somebody stopped typing for a moment
  value?: string; // what it starts with
  id?: string; // the key `/` goes to the default one
}

/** The search of one section. */
export function SearchField({ label, onSearch, value = '', id = 'section-search' }: Props) {
  const [text, setText] = useState(value);
  useEffect(() => {
    const wanted = text.trim();
    if (wanted === value) return;
    const timer = setTimeout(() => onSearch(wanted), ASK_AFTER_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <search class="search section-search">
      <span class="search-icon">
        <Icon node={Search} />
      </span>
      <input
        id={id}
        name={id}
        class="input"
        type="search"
        autocomplete="off"
        aria-label={label}
        placeholder={label}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </search>
  );
}
