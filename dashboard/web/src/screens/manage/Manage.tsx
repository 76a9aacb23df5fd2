/** In place of tree and map: the list of sections, and the one that is open. */
import { MapPinned } from 'lucide';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { Button } from '../../design/Button';
import { Empty } from '../../design/Feedback';
import { Icon } from '../../design/Icon';
import { t } from '../../i18n';
import { openSection, type SectionName } from '../../state/place';
import { can } from '../../state/session';
import { ALL_SECTIONS, GROUPS, type Group, leaveManage, offered, type Section } from './sections';

export function Manage({ name }: { name: SectionName }) {
  const open = ALL_SECTIONS.find((section) => section.name === name)!;
  const Show = open.show;
  return (
    <>
      <SectionList open={name} />
      <main class="manage-content" id="manage-content" tabIndex={-1} aria-label={t(open.label)}>
        {can(open.right) ? <Show key={name} /> : <Withheld section={open} />}
      </main>
    </>
  );
}

function SectionList({ open }: { open: SectionName }) {
  const list = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    list.current?.querySelector<HTMLElement>('[aria-current="page"]')?.focus();
  }, []);
  const step = (event: KeyboardEvent) => {
    const delta = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    const stops = [...(list.current?.querySelectorAll<HTMLElement>('button') ?? [])];
    const next = stops[stops.indexOf(document.activeElement as HTMLElement) + delta];
    if (delta === 0 || !next) return;
    event.preventDefault();
    next.focus();
  };
  return (
    <nav ref={list} class="sections" aria-label={t('manage')} onKeyDown={step}>
      <button
        type="button"
        class="sections-item sections-back"
        title={t('manage.leave')}
        onClick={leaveManage}
      >
        <Icon node={MapPinned} />
        <span class="grow sections-name">{t('manage.leave')}</span>
        <kbd>M</kbd>
      </button>
      {GROUPS.map((group) => (
        <SectionGroup key={group} group={group} open={open} />
      ))}
    </nav>
  );
}

function SectionGroup({ group, open }: { group: Group; open: SectionName }) {
  const sections = offered().filter((section) => section.group === group);
  if (sections.length === 0) return null;
  return (
    <>
      <h2 class="sections-group">{t(`manage.group.${group}`)}</h2>
      {sections.map(({ name, label, icon }) => (
        <button
          key={name}
          type="button"
          class="sections-item"
          title={t(label)}
          aria-current={name === open ? 'page' : undefined}
          data-testid={`section-${name}`}
          onClick={() => openSection(name)}
        >
          <Icon node={icon} />
          <span class="clip sections-name">{t(label)}</span>
        </button>
      ))}
    </>
  );
}

function Withheld({ section }: { section: Section }) {
  return (
    <Empty title={t('manage.withheld', { section: t(section.label) })}>
      <p>{t('manage.withheld.how', { right: t(`right.${section.right}`) })}</p>
      <Button icon={MapPinned} onClick={leaveManage}>
        {t('manage.leave')}
      </Button>
    </Empty>
  );
}
