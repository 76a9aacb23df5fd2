/** Templates: texts kept for sending, each with all it ever said. */
import { Plus } from 'lucide';
import { getTemplate, getTemplates, type Template } from '../../../api/messages';
import { Button } from '../../../design/Button';
import { Drawer } from '../../../design/Drawer';
import { Empty, Failure, Skeleton } from '../../../design/Feedback';
import { Page } from '../../../design/Page';
import { type Column, Table } from '../../../design/Table';
import { named, number, t, time } from '../../../i18n';
import { useFetched } from '../../../state/async';
import { nowMs } from '../../../state/clock';
import { itemId, openItem } from '../../../state/place';
import { can } from '../../../state/session';
import { TemplateForm } from './TemplateForm';

export function TemplatesSection() {
  const { value, error, reload } = useFetched('message templates', getTemplates);
  const open = itemId.value;
  return (
    <Page
      title={t('section.sms-templates')}
      note={t('section.sms-templates.note')}
      tools={
        can('issuer') && (
          <Button icon={Plus} look="main" onClick={() => openItem('new')} testId="add-template">
            {t('sms.template.add')}
          </Button>
        )
      }
    >
      <Table<Template>
        isFixed
        label={t('section.sms-templates')}
        columns={columns()}
        rows={value?.templates ?? null}
        keyOf={(row) => row.id}
        error={error}
        onRetry={reload}
        chosen={Number(open) || null}
        onChoose={(row) => openItem(row.id)}
        empty={<Empty title={t('section.sms-templates.none')}>{t('section.sms-templates.how')}</Empty>}
      />
      {open && <TemplateDrawer key={open} item={open} onChanged={reload} />}
    </Page>
  );
}

function TemplateDrawer({ item, onChanged }: { item: string; onChanged: () => void }) {
  const isNew = item === 'new';
  const { value, error, reload } = useFetched(isNew ? null : `template ${item}`, () =>
    getTemplate(Number(item)),
  );
  const close = () => openItem(null);
  if (isNew || value)
    return (
      <TemplateForm
        key={value?.revision ?? 0}
        template={value}
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
    <Drawer title={t('sms.template')} label={t('sms.template')} onClose={close}>
      {error ? (
        <Failure what={t('sms.template')} error={error} onRetry={reload} />
      ) : (
        <Skeleton label={t('sms.template')} />
      )}
    </Drawer>
  );
}

const columns = (): readonly Column<Template>[] => [
  {
    name: 'name',
    label: t('sms.name'),
    width: '18%',
    cell: (row) => <strong class="clip">{row.name}</strong>,
  },
  {
    name: 'text',
    label: t('sms.text'),
    cell: (row) => <span class="clip">{row.text_zh || row.text_en}</span>,
  },
  { name: 'unit', label: t('sms.keeper'), width: '14%', cell: ({ unit }) => named(unit) },
  {
    name: 'version',
    label: t('sms.version'),
    width: '8%',
    end: true,
    isNamed: true,
    cell: ({ version }) => number(version),
  },
  {
    name: 'used',
    label: t('sms.used'),
    width: '8%',
    end: true,
    isNamed: true,
    cell: ({ used }) => number(used),
  },
  {
    name: 'at',
    label: t('sms.made'),
    width: '15%',
    end: true,
    isNamed: true,
    cell: (row) => <time class="num">{time(row.made_at, nowMs.value)}</time>,
  },
];
