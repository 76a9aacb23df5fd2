/** Whom to call: institutions and people who are no members. */
import { Plus } from 'lucide';
import { useState } from 'preact/hooks';
import { CONTACT_KINDS, type Contact, type ContactKind, getContacts } from '../../api/duty';
import { Button } from '../../design/Button';
import { Empty } from '../../design/Feedback';
import { Page } from '../../design/Page';
import { Pager } from '../../design/Pager';
import { SearchField } from '../../design/SearchField';
import { type Column, Table } from '../../design/Table';
import { Tabs } from '../../design/Tabs';
import { named, t } from '../../i18n';
import { useFetched } from '../../state/async';
import { useKept } from '../../state/kept';
import { PAGE, useOffset } from '../../state/offset';
import { itemId, openItem } from '../../state/place';
import { can } from '../../state/session';
import { ContactForm } from './contacts/ContactForm';
import { UnitFilter, unitFilter } from './forms/UnitFilter';

type Shown = ContactKind | 'all';

export function ContactsSection() {
  const [q, setQ] = useState('');
  const [kind, setKind] = useState<Shown>('all');
  const unit = unitFilter.value;
  const filters = { q, unit, kind: kind === 'all' ? null : kind };
  const [offset, setOffset] = useOffset(JSON.stringify(filters));
  const query = { ...filters, limit: PAGE, offset };
  const { value, error, reload } = useFetched(JSON.stringify(query), () => getContacts(query));
  const kept = useKept(value);
  const open = itemId.value;
  const opened = kept?.contacts.find(({ id }) => String(id) === open);
  const isFiltered = q !== '' || unit !== null || kind !== 'all';
  return (
    <Page
      title={t('section.contacts')}
      note={t('section.contacts.note')}
      tools={
        can('administrator') && (
          <Button icon={Plus} look="main" onClick={() => openItem('new')} testId="add-contact">
            {t('contacts.add')}
          </Button>
        )
      }
      filters={
        <>
          <SearchField label={t('contacts.find')} onSearch={setQ} />
          <UnitFilter />
        </>
      }
      foot={kept && <Pager total={kept.total} limit={PAGE} offset={offset} onOffset={setOffset} />}
    >
      <Tabs<Shown>
        label={t('contacts.kind')}
        tabs={(['all', ...CONTACT_KINDS] as const).map((each) => [each, t(`contact.kind.${each}`)] as const)}
        chosen={kind}
        onChoose={setKind}
      />
      <Table<Contact>
        label={t('section.contacts')}
        columns={columns()}
        rows={kept?.contacts ?? null}
        keyOf={(contact) => contact.id}
        error={error}
        onRetry={reload}
        chosen={Number(open) || null}
        onChoose={(contact) => openItem(contact.id)}
        empty={
          isFiltered ? (
            <Empty title={t('contacts.nomatch')}>{t('members.nomatch.how')}</Empty>
          ) : (
            <Empty title={t('section.contacts.none')}>{t('section.contacts.how')}</Empty>
          )
        }
      />
      {(open === 'new' || opened) && (
        <ContactForm
          key={`${open} ${opened?.revision ?? ''}`}
          contact={opened ?? null}
          onChanged={() => {
            reload();
            openItem(null);
          }}
          onClose={() => openItem(null)}
        />
      )}
    </Page>
  );
}

const quiet = (text: string) => <span class="quiet">{text}</span>;

const columns = (): readonly Column<Contact>[] => [
  {
    name: 'name',
    label: t('organisation.name'),
    width: '22%',
    cell: (contact) => <strong>{contact.name}</strong>,
  },
  {
    name: 'who',
    label: t('contacts.who'),
    cell: ({ title, organisation }) => [organisation, title].filter(Boolean).join(' · ') || quiet('–'),
  },
  {
    name: 'phones',
    label: t('contacts.phones'),
    width: '20%',
    cell: ({ phones }) => <Phones phones={phones} />,
  },
  { name: 'address', label: t('contacts.address'), cell: ({ address }) => address || quiet('–') },
  {
    name: 'unit',
    label: t('unit'),
    width: '16%',
    cell: ({ unit }) => named(unit),
  },
];

function Phones({ phones }: { phones: readonly string[] }) {
  if (phones.length === 0) return quiet('–');
  return (
    <span class="stack-tight">
      {phones.map((phone) => (
        <a key={phone} class="num" href={`tel:${phone}`} onClick={(event) => event.stopPropagation()}>
          {phone}
        </a>
      ))}
    </span>
  );
}
