/** Who stands in for whom: a right lent for a period, and taken or given back. */
import { Plus, UserCheck } from 'lucide';
import { useState } from 'preact/hooks';
import {
  type Delegation,
  endDelegation,
  getCandidates,
  getDelegations,
  type LentRight,
  lend,
} from '../../api/accounts';
import { Badge } from '../../design/Badge';
import { Button } from '../../design/Button';
import { Empty, Failure, Skeleton } from '../../design/Feedback';
import { Select, TextField } from '../../design/Field';
import { FormError } from '../../design/FormError';
import { Section } from '../../design/Panel';
import { say, sayFailed } from '../../design/Toast';
import { named, t, time } from '../../i18n';
import { useFetched } from '../../state/async';
import { nowMs, serverNow } from '../../state/clock';
import { errorOf, useSending } from '../../state/form';
import { can, me } from '../../state/session';
import { localText } from '../../state/spans';
import { UnitPicker } from '../manage/UnitPicker';

const LENDABLE: readonly LentRight[] = ['issuer', 'approver'];
const SHIFT_MS = 12 * 3_600_000; // what a night on duty usually takes

export function Delegations() {
  const { value, error, reload } = useFetched('delegations', getDelegations);
  const [isLending, setLending] = useState(false);
  const rights = LENDABLE.filter((right) => can(right));
  const done = () => {
    setLending(false);
    say(t('delegations.done'));
    reload();
  };
  return (
    <Section title={t('delegations')}>
      <p class="second">{t('delegations.what')}</p>
      {error && !value ? <Failure what={t('delegations')} error={error} onRetry={reload} /> : null}
      {!error && !value && <Skeleton label={t('delegations')} />}
      {value?.delegations.length === 0 && !isLending && (
        <Empty title={t('delegations.none')}>{t('delegations.none.how')}</Empty>
      )}
      <ul class="entries-plain">
        {value?.delegations.map((one) => (
          <Line key={one.id} one={one} onChanged={reload} />
        ))}
      </ul>
      {isLending && <Lending rights={rights} onDone={done} onCancel={() => setLending(false)} />}
      {!isLending && rights.length > 0 && (
        <div>
          <Button icon={Plus} onClick={() => setLending(true)} testId="delegation-new">
            {t('delegations.new')}
          </Button>
        </div>
      )}
    </Section>
  );
}

type Phase = 'coming' | 'now' | 'over';

function phaseOf(one: Delegation): Phase {
  if (one.ended_at || Date.parse(one.ends_at) <= nowMs.value) return 'over';
  return Date.parse(one.starts_at) > nowMs.value ? 'coming' : 'now';
}

function Line({ one, onChanged }: { one: Delegation; onChanged: () => void }) {
  const phase = phaseOf(one);
  const isMine = one.lender.id === me.value?.account.id;
  const end = () =>
    endDelegation(one.id)
      .then(onChanged)
      .catch((failure) => sayFailed(t('delegations'), failure));
  return (
    <li class="line entry-plain" data-testid="delegation">
      <span class="row-text">
        <span class="row-title">
          {t(isMine ? 'delegations.by_me' : 'delegations.to_me', {
            name: isMine ? one.account.name : one.lender.name,
          })}
        </span>
        <span class="row-more">
          {t(`right.${one.role}`)} · {named(one.unit)}
        </span>
        <span class="row-more num">
          {time(one.starts_at, nowMs.value)} – {time(one.ended_at ?? one.ends_at, nowMs.value)}
        </span>
        {one.reason && <span class="row-more">{one.reason}</span>}
      </span>
      <Badge tone={phase === 'now' ? 'good' : undefined}>{t(`delegations.${phase}`)}</Badge>
      {phase !== 'over' && (
        <Button onClick={() => void end()} testId="delegation-end">
          {t(isMine ? 'delegations.take' : 'delegations.give')}
        </Button>
      )}
    </li>
  );
}

interface LendingProps {
  rights: readonly LentRight[];
  onDone: () => void;
  onCancel: () => void;
}

function Lending({ rights, onDone, onCancel }: LendingProps) {
  const [role, setRole] = useState<LentRight>(rights[0] ?? 'issuer');
  const held = me.value?.account.roles?.[role] ?? null;
  const [unit, setUnit] = useState<number | null>(held?.id ?? null);
  const [account, setAccount] = useState('');
  const [starts, setStarts] = useState(localText(serverNow()));
  const [ends, setEnds] = useState(localText(serverNow() + SHIFT_MS));
  const [reason, setReason] = useState('');
  const { isBusy, error, send } = useSending();
  const found = useFetched(unit === null ? null : `stand-ins ${unit}`, () => getCandidates(unit ?? 0));
  const people = found.value?.accounts ?? [];
  const submit = (event: Event) => {
    event.preventDefault();
    if (unit === null) return;
    void send(async () => {
      await lend({
        role,
        unit,
        account: Number(account),
        starts_at: new Date(starts).toISOString(),
        ends_at: new Date(ends).toISOString(),
        reason: reason.trim(),
      });
      onDone();
    });
  };
  return (
    <form class="stack box" onSubmit={submit}>
      <Select
        name="delegation-role"
        label={t('delegations.right')}
        value={role}
        onValue={(next) => setRole(next as LentRight)}
        options={rights.map((right) => [right, t(`right.${right}`)] as const)}
      />
      <UnitPicker
        name="delegation-unit"
        label={t('delegations.unit')}
        root={held?.id}
        value={unit}
        onValue={(next) => {
          setUnit(next);
          setAccount('');
        }}
      />
      <Select
        name="delegation-account"
        label={t('delegations.account')}
        hint={found.value && people.length === 0 ? t('delegations.nobody') : t('delegations.account.hint')}
        value={account}
        onValue={setAccount}
        options={[
          ['', t('delegations.choose')],
          ...people.map(({ id, name }) => [String(id), name] as const),
        ]}
      />
      <div class="pair">
        <TextField
          name="delegation-starts"
          label={t('delegations.starts')}
          type="datetime-local"
          value={starts}
          onValue={setStarts}
          required
        />
        <TextField
          name="delegation-ends"
          label={t('delegations.ends')}
          type="datetime-local"
          min={starts}
          value={ends}
          onValue={setEnds}
          error={errorOf(error, 'ends_at')}
          required
        />
      </div>
      <TextField
        name="delegation-reason"
        label={t('delegations.reason')}
        value={reason}
        onValue={setReason}
        maxLength={200}
      />
      <FormError error={errorOf(error, 'ends_at') ? null : error} />
      <div class="line-wrap">
        <Button
          look="main"
          type="submit"
          icon={UserCheck}
          disabled={isBusy || unit === null || account === '' || !starts || !ends}
          testId="delegation-make"
        >
          {t('delegations.make')}
        </Button>
        <Button onClick={onCancel}>{t('cancel')}</Button>
      </div>
    </form>
  );
}
