interface Props<T extends string> {
  label: string;
  tabs: readonly (readonly [id: T, name: string])[];
  chosen: T;
  onChoose: (id: T) => void;
}

export function Tabs<T extends string>({ label, tabs, chosen, onChoose }: Props<T>) {
  const step = (event: KeyboardEvent) => {
    const delta = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (delta === 0) return;
    const at = tabs.findIndex(([id]) => id === chosen);
    const next = tabs[(at + delta + tabs.length) % tabs.length]!;
    onChoose(next[0]);
    const list = event.currentTarget as HTMLElement;
    list.querySelector<HTMLElement>(`[data-tab="${next[0]}"]`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={label} tabIndex={-1} onKeyDown={step}>
      {tabs.map(([id, name]) => (
        <button
          key={id}
          type="button"
          class="tab"
          role="tab"
          data-tab={id}
          aria-selected={id === chosen}
          tabIndex={id === chosen ? 0 : -1}
          onClick={() => onChoose(id)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}
