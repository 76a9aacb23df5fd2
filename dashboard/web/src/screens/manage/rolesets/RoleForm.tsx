/** A role that members have in their units, or a new one. */
import { addRole, changeRole } from '../../../api/organisation';
import type { Role } from '../../../api/types';
import { Button } from '../../../design/Button';
import { Drawer } from '../../../design/Drawer';
import { Checkbox } from '../../../design/Field';
import { FormError } from '../../../design/FormError';
import { say } from '../../../design/Toast';
import { t, titled } from '../../../i18n';
import { useEditing } from '../../../state/editing';
import { isNamed, NamePair } from './NamePair';

const toDraft = ({ code, name_zh, name_en, is_leader }: Role): Role => ({
  code,
  name_zh,
  name_en,
  is_leader,
});
const BLANK: Role = { code: '', name_zh: '', name_en: '', is_leader: false };

interface Props {
  role: Role | null;
  onClose: () => void;
  onSaved: () => void;
}

export function RoleForm({ role, onClose, onSaved }: Props) {
  const editing = useEditing<Role & { revision: number }, Role>({
    thing: role && { ...role, revision: 0 },
    toDraft,
    blank: BLANK,
    send: async ({ code, ...rest }) => {
      const saved = await (role ? changeRole(role.code, rest) : addRole({ code: code.trim(), ...rest }));
      return { ...saved, revision: 0 };
    },
    onSaved: () => {
      say(t('saved'));
      onSaved();
    },
  });
  const { draft, set, errorAt, isBusy, isDirty } = editing;
  const title = role ? titled(role) : t('roles.add');
  return (
    <Drawer
      title={title}
      label={title}
      onClose={onClose}
      onSubmit={editing.save}
      isDirty={isDirty}
      foot={
        <Button type="submit" look="main" disabled={!isDirty || isBusy || !isNamed(draft)} testId="role-save">
          {t(isBusy ? 'save.busy' : 'save')}
        </Button>
      }
    >
      <NamePair
        of="role"
        names={draft}
        isNew={role === null}
        codeHint={t('roles.code.how')}
        onNames={set}
        errorAt={errorAt}
      />
      <Checkbox
        name="role-leader"
        label={t('roles.leader')}
        hint={t('roles.leader.how')}
        value={draft.is_leader}
        onValue={(is_leader) => set({ is_leader })}
      />
      <FormError error={editing.error} />
    </Drawer>
  );
}
