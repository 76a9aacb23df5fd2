/** Groups: lists of people, and rules that find them anew each time. */
import { Plus } from 'lucide';
import { type Group, getGroup, getGroups } from '../../../api/messages';
import { Badge } from '../../../design/Badge';
import { Button } from '../../../design/Button';
import { Drawer } from '../../../design/Drawer';
import { Empty, Failure, Skeleton } from '../../../design/Feedback';
import { Page } from '../../../design/Page';
import { type Column, Table } from '../../../design/Table';
import { named, number, t } from '../../../i18n';
import { useFetched } from '../../../state/async';
import { itemId, openItem } from '../../../state/place';
import { can } from '../../../state/session';
import { whoName } from './Audience';
import { GroupForm } from './GroupForm';

export function GroupsSection() {
  const { value, error, reload } = useFetched('message groups', getGroups);
  const open = itemId.value;
  return (
    <Page
      title={t('section.sms-groups')}
      note={t('section.sms-groups.note')}
      tools={
        can('issuer') && (
          <Button icon={Plus} look="main" onClick={() => openItem('new')} testId="add-group">
            {t('sms.group.add')}
          </Button>
        )
      }
    >
      <Table<Group>
        isFixed
        label={t('section.sms-groups')}
        columns={columns()}
        rows={value?.groups ?? null}
        keyOf={(row) => row.id}
        error={error}
        onRetry={reload}
        chosen={Number(open) || null}
        onChoose={(row) => openItem(row.id)}
        empty={<Empty title={t('section.sms-groups.none')}>{t('section.sms-groups.how')}</Empty>}
      />
      {open && <GroupDrawer key={open} item={open} onChanged={reload} />}
    </Page>
  );
}

function GroupDrawer({ item, onChanged }: { item: string; onChanged: () => void }) {
  const isNew = item === 'new';
  const { value, error, reload } = useFetched(isNew ? null : `group ${item}`, () => getGroup(Number(item)));
  const close = () => openItem(null);
  if (isNew || value)
    return (
      <GroupForm
        key={value?.revision ?? 0}
        group={value}
        onSaved={(saved) => {
          onChanged();
          if (isNew) openItem(saved.id);
          else reload();
        }}
        onGone={() => {
          onChanged();
          close();
        }}
        onClose={close}
      />
    );
  return (
    <Drawer title={t('sms.to.group')} label={t('sms.to.group')} onClose={close}>
      {error ? (
        <Failure what={t('sms.to.group')} error={error} onRetry={reload} />
      ) : (
        <Skeleton label={t('sms.to.group')} />
      )}
    </Drawer>
  );
}

const columns = (): readonly Column<Group>[] => [
  {
    name: 'name',
    label: t('sms.name'),
    width: '22%',
    cell: (row) => <strong class="clip">{row.name}</strong>,
  },
  {
    name: 'kind',
    label: t('sms.group.kind'),
    width: '10%',
    cell: ({ kind }) => <Badge>{t(`sms.group.${kind}`)}</Badge>,
  },
  {
    name: 'who',
    label: t('sms.group.who'),
    cell: (row) => (row.who && row.within ? whoName(row.who, row.at_level, row.within.id) : row.note || '–'),
  },
  { name: 'unit', label: t('sms.keeper'), width: '16%', cell: ({ unit }) => named(unit) },
  {
    name: 'size',
    label: t('sms.plan.people'),
    width: '10%',
    end: true,
    isNamed: true,
    cell: ({ size }) => (size === null ? <span class="quiet">{t('sms.group.counted')}</span> : number(size)),
  },
];
