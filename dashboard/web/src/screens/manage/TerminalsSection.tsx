/** Every terminal: by state, searched on the server, opened in a drawer. */
import { Plus } from 'lucide';
import { useState } from 'preact/hooks';
import { findTerminals, TERMINAL_STATES, type Terminal, type TerminalState } from '../../api/terminals';
import { Button } from '../../design/Button';
import { Empty } from '../../design/Feedback';
import { Page } from '../../design/Page';
import { Pager } from '../../design/Pager';
import { SearchField } from '../../design/SearchField';
import { Table } from '../../design/Table';
import { Tabs } from '../../design/Tabs';
import { t } from '../../i18n';
import { useFetched } from '../../state/async';
import { useKept } from '../../state/kept';
import { itemId, openItem } from '../../state/place';
import { can } from '../../state/session';
import { UnitFilter, unitFilter } from './forms/UnitFilter';
import { terminalColumns } from './terminals/columns';
import { TerminalDrawer } from './terminals/TerminalDrawer';

const PAGE = 50;
type Shown = TerminalState | 'all';

export function TerminalsSection() {
  const [q, setQ] = useState('');
  const [state, setState] = useState<Shown>('all');
  const [offset, setOffset] = useState(0);
  const from = (change: () => void) => {
    setOffset(0);
    change();
  };
  const unit = unitFilter.value;
  const query = { q, unit, state: state === 'all' ? null : state, limit: PAGE, offset };
  const { value, error, reload } = useFetched(JSON.stringify(query), () => findTerminals(query));
  const page = useKept(value);
  const open = itemId.value;
  return (
    <Page
      title={t('section.terminals')}
      note={t('section.terminals.note')}
      tools={
        can('administrator') && (
          <Button icon={Plus} look="main" onClick={() => openItem('new')} testId="add-terminal">
            {t('terminals.add')}
          </Button>
        )
      }
      filters={
        <>
          <SearchField label={t('terminals.find')} onSearch={(text) => from(() => setQ(text))} />
          <UnitFilter onChange={() => setOffset(0)} />
        </>
      }
      foot={
        page && (
          <Pager
            total={page.total}
            isCapped={page.is_capped}
            limit={PAGE}
            offset={offset}
            onOffset={setOffset}
          />
        )
      }
    >
      <Tabs<Shown>
        label={t('terminals.state')}
        tabs={(['all', ...TERMINAL_STATES] as const).map(
          (each) => [each, t(`terminal.state.${each}`)] as const,
        )}
        chosen={state}
        onChoose={(each) => from(() => setState(each))}
      />
      <Table<Terminal>
        label={t('section.terminals')}
        columns={terminalColumns()}
        rows={page?.terminals ?? null}
        keyOf={(terminal) => terminal.id}
        error={error}
        onRetry={reload}
        chosen={Number(open) || null}
        onChoose={(terminal) => openItem(terminal.id)}
        empty={<Nothing isFiltered={q !== '' || unit !== null} state={state} />}
      />
      {open && <TerminalDrawer key={open} item={open} onChanged={reload} />}
    </Page>
  );
}

function Nothing({ isFiltered, state }: { isFiltered: boolean; state: Shown }) {
  if (isFiltered) return <Empty title={t('terminals.nomatch')}>{t('members.nomatch.how')}</Empty>;
  if (state !== 'all') return <Empty title={t(`terminals.none.${state}`)} />;
  return <Empty title={t('section.terminals.none')}>{t('section.terminals.how')}</Empty>;
}
