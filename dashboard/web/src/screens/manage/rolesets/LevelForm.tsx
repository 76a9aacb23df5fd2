/** A level of the tree, or a new one. */
import { addLevel, changeLevel, type LevelRow, type RoleSet } from '../../../api/organisation';
import { Button } from '../../../design/Button';
import { Drawer } from '../../../design/Drawer';
import { Checkbox, Select, TextField } from '../../../design/Field';
import { FormError } from '../../../design/FormError';
import { say } from '../../../design/Toast';
import { t, titled } from '../../../i18n';
import { useEditing } from '../../../state/editing';
import { isNamed, NamePair, type Names } from './NamePair';

interface Draft extends Names {
  rank: string;
  role_set: string; // empty: none
  hangs_anywhere: boolean;
}

const toDraft = (level: LevelRow): Draft => ({
  code: level.code,
  name_zh: level.name_zh,
  name_en: level.name_en,
  rank: String(level.rank),
  role_set: level.role_set ?? '',
  hangs_anywhere: level.hangs_anywhere,
});

const BLANK: Draft = { code: '', name_zh: '', name_en: '', rank: '', role_set: '', hangs_anywhere: false };

const toLevel = (draft: Draft): LevelRow => ({
  ...draft,
  code: draft.code.trim(),
  rank: Number(draft.rank),
  role_set: draft.role_set || null,
});

interface Props {
  level: LevelRow | null;
  sets: readonly RoleSet[];
  onClose: () => void;
  onSaved: () => void;
}

export function LevelForm({ level, sets, onClose, onSaved }: Props) {
  const editing = useEditing<LevelRow & { revision: number }, Draft>({
    thing: level && { ...level, revision: 0 },
    toDraft,
    blank: BLANK,
    send: async (draft) => {
      const { code, ...rest } = toLevel(draft);
      const saved = await (level ? changeLevel(level.code, rest) : addLevel({ code, ...rest }));
      return { ...saved, revision: 0 };
    },
    onSaved: () => {
      say(t('saved'));
      onSaved();
    },
  });
  const { draft, set, errorAt, isBusy, isDirty } = editing;
  const title = level ? titled(level) : t('levels.add');
  return (
    <Drawer
      title={title}
      label={title}
      onClose={onClose}
      onSubmit={editing.save}
      isDirty={isDirty}
      foot={
        <Button
          type="submit"
          look="main"
          disabled={!isDirty || isBusy || !isNamed(draft) || !/^\d+$/.test(draft.rank)}
          testId="level-save"
        >
          {t(isBusy ? 'save.busy' : 'save')}
        </Button>
      }
    >
      <NamePair
        of="level"
        names={draft}
        isNew={level === null}
        codeHint={t('levels.code.how')}
        onNames={set}
        errorAt={errorAt}
      />
      <TextField
        name="level-rank"
        label={t('levels.rank')}
        hint={t('levels.rank.how')}
        inputMode="numeric"
        value={draft.rank}
        onValue={(rank) => set({ rank })}
        error={errorAt('rank')}
      />
      <Checkbox
        name="level-anywhere"
        label={t('levels.anywhere')}
        hint={t('levels.anywhere.how')}
        value={draft.hangs_anywhere}
        onValue={(hangs_anywhere) => set({ hangs_anywhere })}
      />
      <Select
        name="level-set"
        label={t('levels.set')}
        hint={t('levels.set.how')}
        value={draft.role_set}
        onValue={(role_set) => set({ role_set })}
        options={[['', '–'], ...sets.map((each) => [each.code, titled(each)] as const)]}
        error={errorAt('role_set')}
      />
      <FormError error={editing.error} />
    </Drawer>
  );
}
