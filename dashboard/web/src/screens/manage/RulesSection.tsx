/** Automatic rules: what is watched, how it stands, and the form of one. */
import { Plus } from 'lucide';
import { getRules, type Rule } from '../../api/rules';
import { Badge } from '../../design/Badge';
import { Button } from '../../design/Button';
import { Empty } from '../../design/Feedback';
import { LevelMark } from '../../design/LevelMark';
import { Page } from '../../design/Page';
import { type Column, Table } from '../../design/Table';
import { ago, named, number, t } from '../../i18n';
import { useFetched } from '../../state/async';
import { nowMs } from '../../state/clock';
import { itemId, openItem } from '../../state/place';
import { can } from '../../state/session';
import { RuleDrawer } from './rules/RuleDrawer';
import { daysOf } from './rules/TrialPart';

const EVERY_MS = 15_000;

export function RulesSection() {
  const { value, error, reload } = useFetched('rules', getRules, EVERY_MS);
  const open = itemId.value;
  return (
    <Page
      title={t('section.rules')}
      note={t('section.rules.note')}
      tools={
        can('administrator') && (
          <Button icon={Plus} look="main" onClick={() => openItem('new')} testId="add-rule">
            {t('rules.add')}
          </Button>
        )
      }
    >
      <Table<Rule>
        label={t('section.rules')}
        columns={columns()}
        rows={value?.rules ?? null}
        keyOf={(rule) => rule.id}
        error={error}
        onRetry={reload}
        chosen={Number(open) || null}
        onChoose={(rule) => openItem(rule.id)}
        empty={<Empty title={t('section.rules.none')}>{t('section.rules.how')}</Empty>}
      />
      {open && <RuleDrawer key={open} item={open} onChanged={reload} />}
    </Page>
  );
}

const quiet = (text: string) => <span class="quiet">{text}</span>;

function triedOf({ trial }: Rule) {
  if (!trial?.is_of_now || !trial.findings) return quiet(t('rules.untried'));
  return t('rules.tried.count', { count: trial.findings.count, days: daysOf(trial) });
}

const columns = (): readonly Column<Rule>[] => [
  {
    name: 'name',
    label: t('rules.name'),
    width: '24%',
    cell: (rule) => (
      <span class="line">
        <LevelMark level={rule.level} size={18} /> <strong class="clip">{rule.name}</strong>
      </span>
    ),
  },
  { name: 'kind', label: t('rules.what'), cell: ({ kind }) => t(`rules.kind.${kind}`) },
  { name: 'unit', label: t('rules.unit'), width: '15%', cell: ({ unit }) => named(unit) },
  {
    name: 'state',
    label: t('rules.state'),
    width: '10%',
    cell: ({ is_on }) =>
      is_on ? <Badge tone="good">{t('rules.on')}</Badge> : <Badge>{t('rules.off')}</Badge>,
  },
  { name: 'tried', label: t('rules.tried'), width: '14%', cell: triedOf },
  {
    name: 'fired',
    label: t('rules.fired'),
    width: '12%',
    end: true,
    cell: ({ last_fired_at }) => (last_fired_at ? ago(last_fired_at, nowMs.value) : quiet(t('rules.never'))),
  },
  {
    name: 'open',
    label: t('rules.open'),
    width: '9%',
    end: true,
    cell: ({ open_cases }) => (open_cases > 0 ? <strong>{number(open_cases)}</strong> : quiet('0')),
  },
];
