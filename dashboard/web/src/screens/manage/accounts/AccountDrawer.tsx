/** One account: changed, its proofs of identity given anew, closed and opened again. */
import { KeyRound, ShieldOff, UserRoundCheck, UserRoundX } from 'lucide';
import { useState } from 'preact/hooks';
import {
  type AccountChange,
  type AccountRow,
  changeAccount,
  closeAccount,
  getAccount,
  reopenAccount,
  resetPassword,
  resetTotp,
} from '../../../api/accounts';
import type { Right } from '../../../api/types';
import { Button } from '../../../design/Button';
import { Drawer } from '../../../design/Drawer';
import { FormError } from '../../../design/FormError';
import { Once } from '../../../design/Once';
import { Facts, Section } from '../../../design/Panel';
import { say } from '../../../design/Toast';
import { t, time } from '../../../i18n';
import { nowMs } from '../../../state/clock';
import { useEditing } from '../../../state/editing';
import { openItem } from '../../../state/place';
import { me } from '../../../state/session';
import { Conflict } from '../forms/Conflict';
import { Consequence } from '../forms/Consequence';
import { unitPath } from '../UnitPicker';
import { type AccountDraft, AccountFields } from './AccountFields';
import type { Grants } from './grants';

interface Props {
  account: AccountRow;
  onChanged: () => void;
}

const draftOf = ({ name, display_name, unit, roles, oidc }: AccountRow): AccountDraft => ({
  name,
  display_name,
  unit: unit.id,
  roles: Object.fromEntries(Object.entries(roles).map(([right, held]) => [right, held.id])),
  oidc,
  oidc_subject: '', // the server keeps it to itself
});

/** Only what was changed: nobody may send their own unit or rights, not even unchanged. */
function changeOf(draft: AccountDraft, change: Partial<AccountDraft>): AccountChange {
  const sent: AccountChange = {};
  if (change.display_name !== undefined) sent.display_name = draft.display_name.trim();
  if (change.unit !== undefined || change.roles !== undefined) {
    if (draft.unit !== null) sent.unit = draft.unit;
    sent.roles = draft.roles;
  }
  if (change.oidc !== undefined || change.oidc_subject) {
    sent.oidc = draft.oidc;
    sent.oidc_subject = draft.oidc_subject.trim() || null;
  }
  return sent;
}

export function AccountDrawer({ account, onChanged }: Props) {
  const editing = useEditing<AccountRow, AccountDraft>({
    thing: account,
    toDraft: draftOf,
    send: (draft, change, revision) => changeAccount(account.id, revision, changeOf(draft, change)),
    reload: () => getAccount(account.id),
    onSaved: () => {
      say(t('saved'));
      onChanged();
    },
  });
  const isMine = account.id === me.value?.account.id;
  return (
    <Drawer
      title={account.name}
      label={account.name}
      onClose={() => openItem(null)}
      onSubmit={editing.save}
      isDirty={editing.isDirty}
      foot={
        <Button
          look="main"
          type="submit"
          disabled={editing.isBusy || !editing.isDirty || account.closed_at !== null}
          testId="account-save"
        >
          {t(editing.isBusy ? 'save.busy' : 'save')}
        </Button>
      }
    >
      <Conflict
        editing={editing}
        labels={{
          name: t('login.name'),
          display_name: t('accounts.display'),
          unit: t('accounts.sees'),
          roles: t('me.right'),
          oidc: t('accounts.way.oidc'),
          oidc_subject: t('accounts.subject'),
        }}
        show={shown}
      />
      <About account={account} />
      <AccountFields draft={editing.draft} set={editing.set} errorAt={editing.errorAt} isMine={isMine} />
      <FormError error={editing.error} />
      {isMine ? <p class="quiet">{t('accounts.mine')}</p> : <Steps account={account} onChanged={onChanged} />}
    </Drawer>
  );
}

function shown(field: keyof AccountDraft, value: unknown): string {
  if (field === 'unit') return unitPath(Number(value));
  if (field !== 'roles') return String(value);
  return Object.entries(value as Grants)
    .map(([right, unit]) => `${t(`right.${right as Right}`)}: ${unitPath(unit)}`)
    .join(t('list.comma'));
}

function About({ account }: { account: AccountRow }) {
  const { last_login_at, second_factor, oidc } = account;
  return (
    <Facts
      rows={[
        [t('accounts.seen'), last_login_at ? time(last_login_at, nowMs.value) : t('accounts.never')],
        [t('totp'), t(second_factor ? 'totp.on' : 'totp.off')],
        oidc ? [t('accounts.way'), t('accounts.way.oidc')] : null,
      ]}
    />
  );
}

type Step = 'password' | 'totp' | 'close' | 'reopen';

const STEPS: readonly { step: Step; icon: typeof KeyRound; isOffered: (account: AccountRow) => boolean }[] = [
  { step: 'password', icon: KeyRound, isOffered: ({ oidc, closed_at }) => !oidc && !closed_at },
  { step: 'totp', icon: ShieldOff, isOffered: ({ second_factor, closed_at }) => second_factor && !closed_at },
  { step: 'close', icon: UserRoundX, isOffered: ({ closed_at }) => !closed_at },
  { step: 'reopen', icon: UserRoundCheck, isOffered: ({ closed_at }) => closed_at !== null },
];

function Steps({ account, onChanged }: Props) {
  const [asked, setAsked] = useState<Step | null>(null);
  const [password, setPassword] = useState<string | null>(null);
  const take: Record<Step, () => Promise<unknown>> = {
    password: async () => setPassword((await resetPassword(account.id)).password),
    totp: () => resetTotp(account.id),
    close: () => closeAccount(account.id),
    reopen: () => reopenAccount(account.id),
  };
  const done = async (step: Step) => {
    await take[step]();
    setAsked(null);
    onChanged();
  };
  return (
    <Section title={t('accounts.steps')}>
      {password && (
        <Once
          label={t('accounts.password')}
          value={password}
          note={t('accounts.password.how')}
          testId="password"
        />
      )}
      {asked ? (
        <Consequence
          title={t(asked === 'password' ? 'accounts.password.do' : `accounts.${asked}`, {
            name: account.name,
          })}
          does={t(`accounts.${asked}.do`)}
          onDo={() => done(asked)}
          onLeave={() => setAsked(null)}
        >
          <p>{t(`accounts.${asked}.then`, { name: account.name })}</p>
        </Consequence>
      ) : (
        <div class="line-wrap">
          {STEPS.filter(({ isOffered }) => isOffered(account)).map(({ step, icon }) => (
            <Button key={step} icon={icon} onClick={() => setAsked(step)} testId={`account-${step}`}>
              {t(`accounts.${step}.do`)}
            </Button>
          ))}
        </div>
      )}
    </Section>
  );
}
