import { useState } from 'preact/hooks';
import { makeAccount } from '../../../api/accounts';
import { ApiError } from '../../../api/errors';
import { Button } from '../../../design/Button';
import { Drawer } from '../../../design/Drawer';
import { FormError } from '../../../design/FormError';
import { Once } from '../../../design/Once';
import { t } from '../../../i18n';
import { errorOf, useSending } from '../../../state/form';
import { openItem } from '../../../state/place';
import { type AccountDraft, AccountFields } from './AccountFields';

const BLANK: AccountDraft = {
  name: '',
  display_name: '',
  unit: null,
  roles: {},
  oidc: false,
  oidc_subject: '',
};

/** The form of a new account; once it is made, its password takes the form's place. */
export function NewAccount({ onChanged }: { onChanged: () => void }) {
  const [draft, setDraft] = useState(BLANK);
  const [made, setMade] = useState<{ name: string; password: string } | null>(null);
  const { isBusy, error, send } = useSending();
  const close = () => openItem(null);
  const { name, unit } = draft;
  const isReady = name.trim() !== '' && unit !== null;
  const save = () =>
    void send(async () => {
      if (unit === null) return;
      const roles = { ...draft.roles, viewer: unit };
      const answer = await makeAccount({
        name: name.trim(),
        display_name: draft.display_name.trim(),
        unit,
        roles,
        ...(draft.oidc && { oidc: true, oidc_subject: draft.oidc_subject.trim() || null }),
      });
      onChanged();
      if (answer.password) setMade({ name: answer.account.name, password: answer.password });
      else openItem(answer.account.id);
    });
  if (made) {
    return (
      <Drawer
        key="made"
        title={t('accounts.made', { name: made.name })}
        label={t('accounts.made', { name: made.name })}
        onClose={close}
        foot={
          <Button look="main" onClick={close}>
            {t('accounts.handed')}
          </Button>
        }
      >
        <Once
          label={t('accounts.password')}
          value={made.password}
          note={t('accounts.password.how')}
          testId="password"
        />
      </Drawer>
    );
  }
  const isField = error instanceof ApiError && error.field !== null;
  return (
    <Drawer
      key="new"
      title={t('accounts.add')}
      label={t('accounts.add')}
      onClose={close}
      onSubmit={save}
      isDirty={draft !== BLANK}
      foot={
        <Button look="main" type="submit" disabled={isBusy || !isReady} testId="account-save">
          {t(isBusy ? 'save.busy' : 'accounts.make')}
        </Button>
      }
    >
      <AccountFields
        isNew
        draft={draft}
        set={(change) => setDraft({ ...draft, ...change })}
        errorAt={(field) => errorOf(error, field)}
      />
      <FormError error={isField ? null : error} />
    </Drawer>
  );
}
