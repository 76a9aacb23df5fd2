import { Checkbox, TextField } from '../../../design/Field';
import { Section } from '../../../design/Panel';
import { t } from '../../../i18n';
import { unitOf } from '../../../state/session';
import { subtreeOf } from '../../../state/units';
import { UnitPicker } from '../UnitPicker';
import { GRANTED, type Grants, grantsInside, withGrant } from './grants';

export interface AccountDraft {
  name: string;
  display_name: string;
  unit: number | null;
  roles: Grants;
}

interface Props {
  draft: AccountDraft;
  set: (change: Partial<AccountDraft>) => void;
  errorAt: (field: string) => string | null;
  isNew?: boolean;
}

/** What an account is called, what it sees, and what it may do where. */
export function AccountFields({ draft, set, errorAt, isNew }: Props) {
  const { name, display_name, unit, roles } = draft;
  const see = (next: number | null) => {
    if (next === null) return;
    const inside = subtreeOf(next);
    set({ unit: next, roles: grantsInside(roles, next, (held) => inside.has(held)) });
  };
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
      </Section>
    </>
  );
}
