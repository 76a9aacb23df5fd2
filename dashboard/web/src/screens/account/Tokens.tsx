/** API tokens of one's own account: for programs, with fewer rights and an end. */
import { KeyRound, Plus } from 'lucide';
import { useState } from 'preact/hooks';
import { type ApiToken, getTokens, makeToken, revokeToken } from '../../api/accounts';
import type { Right } from '../../api/types';
import { Badge } from '../../design/Badge';
import { Button } from '../../design/Button';
import { Empty, Failure, Skeleton } from '../../design/Feedback';
import { Checkbox, Select, TextField } from '../../design/Field';
import { FormError } from '../../design/FormError';
import { Once } from '../../design/Once';
import { Section } from '../../design/Panel';
import { sayFailed } from '../../design/Toast';
import { ago, t, time } from '../../i18n';
import { useFetched } from '../../state/async';
import { nowMs, serverNow } from '../../state/clock';
import { useSending } from '../../state/form';
import { RIGHTS } from '../../state/rights';
import { can } from '../../state/session';

const DAY_MS = 86_400_000;
const LASTS_DAYS = ['7', '30', '90', '365'] as const;

export function Tokens() {
  const { value, error, reload } = useFetched('tokens', getTokens);
  const [isMaking, setMaking] = useState(false);
  const [fresh, setFresh] = useState<string | null>(null);
  const take = (token: string) => {
    setFresh(token);
    setMaking(false);
    reload();
  };
  return (
    <Section title={t('tokens')}>
      <p class="second">{t('tokens.what')}</p>
      {fresh && <Once label={t('tokens.fresh')} value={fresh} note={t('tokens.use')} testId="token" />}
      {error && !value ? <Failure what={t('tokens')} error={error} onRetry={reload} /> : null}
      {!error && !value && <Skeleton label={t('tokens')} />}
      {value?.tokens.length === 0 && !isMaking && (
        <Empty title={t('tokens.none')}>{t('tokens.none.how')}</Empty>
      )}
      <ul class="entries-plain">
        {value?.tokens.map((token) => (
          <TokenLine key={token.id} token={token} onChanged={reload} />
        ))}
      </ul>
      {isMaking ? (
        <NewToken onDone={take} onCancel={() => setMaking(false)} />
      ) : (
        <div>
          <Button icon={Plus} onClick={() => setMaking(true)} testId="token-new">
            {t('tokens.new')}
          </Button>
        </div>
      )}
    </Section>
  );
}

function stateOf(token: ApiToken): { text: string; isLive: boolean } {
  if (token.revoked_at) return { text: t('tokens.revoked'), isLive: false };
  if (Date.parse(token.expires_at) <= nowMs.value) return { text: t('tokens.expired'), isLive: false };
  return { text: t('tokens.until', { at: time(token.expires_at, nowMs.value) }), isLive: true };
}

function TokenLine({ token, onChanged }: { token: ApiToken; onChanged: () => void }) {
  const { text, isLive } = stateOf(token);
  const used = token.last_used_at
    ? t('tokens.used', { ago: ago(token.last_used_at, nowMs.value) })
    : t('tokens.unused');
  const revoke = () =>
    revokeToken(token.id)
      .then(onChanged)
      .catch((failure) => sayFailed(t('tokens.revoke'), failure));
  return (
    <li class="line entry-plain">
      <span class="row-text">
        <span class="row-title">{token.name}</span>
        <span class="row-more">{token.roles.map((right) => t(`right.${right}`)).join(t('list.comma'))}</span>
        <span class="row-more num">
          {text} · {used}
        </span>
      </span>
      {isLive ? <Button onClick={() => void revoke()}>{t('tokens.revoke')}</Button> : <Badge>{text}</Badge>}
    </li>
  );
}

function NewToken({ onDone, onCancel }: { onDone: (token: string) => void; onCancel: () => void }) {
  const [name, setName] = useState('');
  const [rights, setRights] = useState<readonly Right[]>(['viewer']);
  const [days, setDays] = useState<string>('30');
  const { isBusy, error, send } = useSending();
  const submit = (event: Event) => {
    event.preventDefault();
    const expires = new Date(serverNow() + Number(days) * DAY_MS).toISOString();
    void send(async () =>
      onDone((await makeToken({ name: name.trim(), roles: [...rights], expires_at: expires })).token),
    );
  };
  return (
    <form class="stack box" onSubmit={submit}>
      <TextField
        name="token-name"
        label={t('tokens.name')}
        hint={t('tokens.name.hint')}
        value={name}
        onValue={setName}
        maxLength={100}
        required
        autofocus
      />
      <fieldset class="plain-set">
        <legend class="field-label">{t('tokens.rights')}</legend>
        {RIGHTS.filter(can).map((right) => (
          <Checkbox
            key={right}
            name={`token-${right}`}
            label={t(`right.${right}`)}
            value={rights.includes(right)}
            onValue={(isOn) => setRights(isOn ? [...rights, right] : rights.filter((each) => each !== right))}
          />
        ))}
      </fieldset>
      <Select
        name="token-days"
        label={t('tokens.lasts')}
        value={days}
        onValue={setDays}
        options={LASTS_DAYS.map((each) => [each, t('tokens.days', { count: Number(each) })] as const)}
      />
      <FormError error={error} />
      <div class="line-wrap">
        <Button
          look="main"
          type="submit"
          icon={KeyRound}
          disabled={isBusy || rights.length === 0}
          testId="token-make"
        >
          {t('tokens.make')}
        </Button>
        <Button onClick={onCancel}>{t('cancel')}</Button>
      </div>
    </form>
  );
}
