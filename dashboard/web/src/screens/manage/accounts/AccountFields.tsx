import { getLoginOptions } from '../../../api/accounts';
import { Checkbox, TextField } from '../../../design/Field';
import { FormError } from '../../../design/FormError';
import { Section } from '../../../design/Panel';
import { t } from '../../../i18n';
import { useFetched } from '../../../state/async';
import { unitOf } from '../../../state/session';
import { subtreeOf } from '../../../state/units';
import { UnitPicker } from '../UnitPicker';
import { GRANTED, type Grants, grantsInside, withGrant } from './grants';

export interface AccountDraft {
  name: string;
  display_name: string;
  unit: number | null;
  roles: Grants;
  oidc: boolean;
  oidc_subject: string;
}

interface Props {
  draft: AccountDraft;
  set: (change: Partial<AccountDraft>) => void;
  errorAt: (field: string) => string | null;
  isNew?: boolean;
  isMine?: boolean; // nobody changes what they themselves may do
}

/** What an account is called, what it sees, and what it may do where. */
export function AccountFields({ draft, set, errorAt, isNew, isMine }: Props) {
  const { name, display_name } = draft;
  return (
    <>
      {isNew && (
        <TextField
          name="account-name"
          label={t('login.name')}
          hint={t('accounts.name.hint')}
          value={name}
          onValue={(value) => set({ name: value })}
          autocomplete="off"
          maxLength={100}
          required
          error={errorAt('name')}
        />
      )}
      <TextField
        name="account-display-name"
        label={t('accounts.display')}
        hint={t('accounts.display.hint')}
        value={display_name}
        onValue={(value) => set({ display_name: value })}
        autocomplete="off"
        maxLength={100}
        error={errorAt('display_name')}
      />
      {!isMine && <SingleSignOn draft={draft} set={set} errorAt={errorAt} />}
      {!isMine && <Scope draft={draft} set={set} errorAt={errorAt} />}
    </>
  );
}

/** Offered where an identity provider is set up. */
function SingleSignOn({ draft, set, errorAt }: Props) {
  const { value } = useFetched('login options', getLoginOptions);
  if (!value?.oidc) return null;
  return (
    <>
      <Checkbox
        name="account-oidc"
        label={t('accounts.oidc', { name: value.oidc.name })}
        hint={t('accounts.oidc.hint')}
        value={draft.oidc}
        onValue={(oidc) => set({ oidc })}
      />
      {draft.oidc && (
        <TextField
          name="account-oidc-subject"
          label={t('accounts.subject')}
          hint={t('accounts.subject.hint')}
          value={draft.oidc_subject}
          onValue={(oidc_subject) => set({ oidc_subject })}
          autocomplete="off"
          maxLength={255}
          error={errorAt('oidc_subject') ?? errorAt('oidc')}
        />
      )}
    </>
  );
}

/** What is seen, and what may be done in which part of it. */
function Scope({ draft, set, errorAt }: Props) {
  const { unit, roles } = draft;
  const see = (next: number | null) => {
    if (next === null) return;
    const inside = subtreeOf(next);
    set({ unit: next, roles: grantsInside(roles, next, (held) => inside.has(held)) });
  };
  return (
    <>
      <UnitPicker
        name="account-unit"
        label={t('accounts.sees')}
        hint={t('accounts.sees.hint')}
        value={unit}
        onValue={see}
        root={unitOf('administrator')?.id}
        error={errorAt('unit')}
      />
      <Section title={t('me.right')}>
        <p class="field-hint">{t(unit === null ? 'accounts.rights.unit' : 'accounts.rights.hint')}</p>
        {GRANTED.map((right) => (
          <div key={right} class="grant">
            <Checkbox
              name={`account-${right}`}
              label={t(`right.${right}`)}
              hint={t(`right.${right}.what`)}
              disabled={unit === null}
              value={roles[right] !== undefined}
              onValue={(isOn) => set({ roles: withGrant(roles, right, isOn ? unit : null) })}
            />
            {unit !== null && roles[right] !== undefined && (
              <UnitPicker
                name={`account-${right}-unit`}
                label={t('accounts.right.where', { right: t(`right.${right}`) })}
                value={roles[right] ?? null}
                onValue={(held) => set({ roles: withGrant(roles, right, held) })}
                root={unit}
              />
            )}
          </div>
        ))}
        <FormError error={errorAt('roles')} />
      </Section>
    </>
  );
}
