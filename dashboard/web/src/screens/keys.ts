/** One key for each common task; never while somebody types. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Key } from '../i18n';
import { draft, startDraft } from '../state/compose';
import { take, untaken } from '../state/emergencies';
import { openPanel, panel, section } from '../state/place';
import { me } from '../state/session';
import { allowSound } from '../state/sound';
import { chosenUnit } from '../state/units';
import { leaveManage, toggleManage } from './manage/sections';

export const isHelpOpen = signal(false);
export const isTreeShown = signal(true);

export function newAlert(): void {
  if (!me.value?.account.may_issue) return;
  const isNew = draft.value !== null && draft.value.saved === null; // to edit another one is no new alert
  if (!isNew)
    startDraft(chosenUnit.value && chosenUnit.value.id !== me.value.unit.id ? [chosenUnit.value.id] : []);
  openPanel('compose');
}

const focus = (id: string) => document.getElementById(id)?.focus();
const focusSearch = () => focus(document.getElementById('section-search') ? 'section-search' : 'search');
/** What lies on top goes first: the panel, then Manage. */
const close = () => (panel.value === null ? leaveManage() : openPanel(null));

export const KEYS: readonly { key: string; shown: string; name: Key; run: () => void }[] = [
  { key: '/', shown: '/', name: 'keys.search', run: focusSearch },
  {
    key: 't',
    shown: 'T',
    name: 'keys.tree',
    run: () => {
      isTreeShown.value = true;
      requestAnimationFrame(() => focus('tree'));
    },
  },
  { key: 'a', shown: 'A', name: 'keys.alert', run: newAlert },
  { key: 'c', shown: 'C', name: 'keys.cases', run: () => openPanel('cases') },
  { key: 'l', shown: 'L', name: 'keys.alerts', run: () => openPanel('alerts') },
  { key: 'u', shown: 'U', name: 'keys.unit', run: () => openPanel('unit') },
  { key: 'm', shown: 'M', name: 'keys.manage', run: toggleManage },
  {
    key: 'Enter',
    shown: '⇧ Enter',
    name: 'keys.take',
    run: () => {
      const first = untaken.value[0];
      if (first) void take(first.id);
    },
  },
  { key: 'Escape', shown: 'Esc', name: 'keys.close', run: close },
  {
    key: '?',
    shown: '?',
    name: 'keys.help',
    run: () => {
      isHelpOpen.value = !isHelpOpen.value;
    },
  },
];

const TYPING = 'input:not([type="radio"]):not([type="checkbox"]), textarea, select, [contenteditable]';

function onKey(event: KeyboardEvent): void {
  allowSound();
  const target = event.target as HTMLElement;
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (document.querySelector('dialog[open]') && event.key !== '?') return;
  if (target.matches(TYPING)) {
    if (event.key === 'Escape') target.blur();
    return;
  }
  if (event.key === 'Enter' && !event.shiftKey) return; // plain Enter presses what has the focus
  if (event.key === 'Escape' && panel.value === null && section.value === null) return;
  const found = KEYS.find(
    ({ key }) => key === event.key || (key.length === 1 && key === event.key.toLowerCase()),
  );
  if (!found) return;
  event.preventDefault();
  found.run();
}

export function useKeys(): void {
  useEffect(() => {
    document.addEventListener('keydown', onKey);
    document.addEventListener('pointerdown', allowSound);
    return () => {
      document.removeEventListener('keydown', onKey);
      document.removeEventListener('pointerdown', allowSound);
    };
  }, []);
}
