/** Who may log in: searched on the server, made and changed in a drawer. */
import { UserRoundPlus } from 'lucide';
import { useState } from 'preact/hooks';
import { type AccountRow, getAccount, getAccounts } from '../../api/accounts';
import { Badge } from '../../design/Badge';
import { Button } from '../../design/Button';
import { Empty } from '../../design/Feedback';
import { Checkbox } from '../../design/Field';
import { Page } from '../../design/Page';
import { Pager } from '../../design/Pager';
import { SearchField } from '../../design/SearchField';
import { type Column, Table } from '../../design/Table';
import { ago, named, t } from '../../i18n';
import { useFetched } from '../../state/async';
import { nowMs } from '../../state/clock';
import { useKept } from '../../state/kept';
import { itemId, openItem } from '../../state/place';
import { RIGHTS } from '../../state/rights';
import { AccountDrawer } from './accounts/AccountDrawer';
import { NewAccount } from './accounts/NewAccount';

const PAGE = 50;

export function AccountsSection() {
  const [q, setQ] = useState('');
  const [isClosedToo, setClosedToo] = useState(false);
  const [offset, setOffset] = useState(0);
  const query = { q, closed: isClosedToo ? (1 as const) : undefined, limit: PAGE, offset };
  const { value, error, reload } = useFetched(JSON.stringify(query), () => getAccounts(query));
  const page = useKept(value);
  const open = itemId.value;
  const listed = page?.accounts.find(({ id }) => String(id) === open);
  const wanted = open !== null && open !== 'new' && page && !listed ? open : null;
  const fetched = useFetched(wanted, () => getAccount(Number(wanted))); // from a link, on another page of the list
  const chosen = listed ?? fetched.value;
  return (
    <Page
      title={t('section.accounts')}
      note={t('section.accounts.note')}
      tools={
        <Button icon={UserRoundPlus} look="main" onClick={() => openItem('new')} testId="add-account">
          {t('accounts.add')}
        </Button>
      }
      filters={
        <>
          <SearchField
            label={t('accounts.find')}
            onSearch={(text) => {
              setOffset(0);
              setQ(text);
            }}
          />
          <Checkbox
            name="accounts-closed"
            label={t('accounts.closed.too')}
            value={isClosedToo}
            onValue={setClosedToo}
          />
        </>
      }
      foot={page && <Pager total={page.total} limit={PAGE} offset={offset} onOffset={setOffset} />}
    >
      <Table<AccountRow>
        label={t('section.accounts')}
        columns={columns()}
        rows={page?.accounts ?? null}
        keyOf={({ id }) => id}
        error={error}
        onRetry={reload}
        chosen={Number(open) || null}
        onChoose={({ id }) => openItem(id)}
        empty={
          <Empty title={t(q ? 'accounts.nomatch' : 'section.accounts.none')}>
            {t('accounts.nomatch.how')}
          </Empty>
        }
      />
      {open === 'new' && <NewAccount onChanged={reload} />}
      {chosen && (
        <AccountDrawer key={`${chosen.id} ${chosen.closed_at}`} account={chosen} onChanged={reload} />
      )}
    </Page>
  );
}

const columns = (): readonly Column<AccountRow>[] => [
  {
    name: 'name',
    label: t('login.name'),
    cell: (account) => (
      <span class="row-text">
        <span class="row-title">{account.name}</span>
        {account.display_name && <span class="row-more">{account.display_name}</span>}
      </span>
    ),
  },
  { name: 'unit', label: t('accounts.sees'), cell: ({ unit }) => named(unit) },
  { name: 'rights', label: t('me.right'), cell: (account) => <Held account={account} /> },
  {
    name: 'factor',
    label: t('totp'),
    cell: ({ second_factor }) =>
      second_factor ? <Badge tone="good">{t('totp.on')}</Badge> : <span class="quiet">{t('totp.off')}</span>,
  },
  {
    name: 'seen',
    label: t('accounts.seen'),
    end: true,
    cell: ({ last_login_at, closed_at }) => {
      if (closed_at) return <Badge tone="warn">{t('accounts.closed')}</Badge>;
      return last_login_at ? ago(last_login_at, nowMs.value) : t('accounts.never');
    },
  },
];

/** Rights beyond looking; with their unit where it is not the whole of what the account sees. */
function Held({ account }: { account: AccountRow }) {
  const held = RIGHTS.filter((right) => right !== 'viewer' && account.roles[right]);
  if (held.length === 0) return <span class="quiet">{t('me.reads')}</span>;
  return (
    <span class="chips">
      {held.map((right) => {
        const unit = account.roles[right]!;
        const where = unit.id === account.unit.id ? '' : ` · ${named(unit)}`;
        return (
          <Badge key={right}>
            {t(`right.${right}`)}
            {where}
          </Badge>
        );
      })}
    </span>
  );
}
