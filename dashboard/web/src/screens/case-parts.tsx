/** What cases of rules and of texts show alike: how they stand, who has them, and the steps that can be taken. */
import { Check, CheckCheck } from 'lucide';
import type { Named } from '../api/types';
import { Badge } from '../design/Badge';
import { Button } from '../design/Button';
import { ago, t } from '../i18n';
import { nowMs } from '../state/clock';
import { can } from '../state/session';

export interface CaseSteps {
  id: number;
  taken_at: string | null;
  taken_by: Named | null;
  ended_at: string | null;
  ended_by: Named | null; // null: it was over by itself
}

export function CaseState({ found: { ended_at, ended_by, taken_at } }: { found: CaseSteps }) {
  if (ended_at) return <Badge>{t(ended_by ? 'cases.closed' : 'cases.over')}</Badge>;
  if (taken_at) return <Badge tone="good">{t('cases.taken')}</Badge>;
  return <Badge tone="bad">{t('cases.open')}</Badge>;
}

export function storyOf({ ended_at, ended_by, taken_at, taken_by }: CaseSteps): string {
  const now = nowMs.value;
  if (ended_at && ended_by) return t('cases.closedby', { who: ended_by.name, ago: ago(ended_at, now) });
  if (ended_at) return t('cases.overat', { ago: ago(ended_at, now) });
  return t('cases.takenby', { who: taken_by?.name ?? '–', ago: ago(taken_at ?? now, now) });
}

interface MovesProps {
  found: CaseSteps;
  of: { take: (id: number) => Promise<void>; close: (id: number) => Promise<void> };
  testId: string;
}

export function CaseMoves({ found: { id, taken_at, ended_at }, of, testId }: MovesProps) {
  if (ended_at || !can('dispatcher')) return null;
  if (taken_at)
    return (
      <Button icon={CheckCheck} onClick={() => void of.close(id)} testId={`close-${testId}`}>
        {t('cases.close')}
      </Button>
    );
  return (
    <Button icon={Check} look="main" onClick={() => void of.take(id)} testId={`take-${testId}`}>
      {t('cases.take')}
    </Button>
  );
}
