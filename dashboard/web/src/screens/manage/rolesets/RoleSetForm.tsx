/** A role set: its names, and its posts as a small table. */
import { Plus, Trash2 } from 'lucide';
import { useState } from 'preact/hooks';
import { addRoleSet, changeRoleSet, deleteRoleSet, type RoleSet } from '../../../api/organisation';
import { Button, SquareButton } from '../../../design/Button';
import { Drawer } from '../../../design/Drawer';
import { Select, TextArea, TextField } from '../../../design/Field';
import { FormError } from '../../../design/FormError';
import { say } from '../../../design/Toast';
import { t, titled } from '../../../i18n';
import { useEditing } from '../../../state/editing';
import { me } from '../../../state/session';
import { Consequence } from '../forms/Consequence';

interface PostDraft {
  role: string;
  least: string;
  most: string; // empty: any number
}

interface Draft {
  code: string;
  name_zh: string;
  name_en: string;
  note: string;
  posts: PostDraft[];
}

const toDraft = (set: RoleSet): Draft => ({
  code: set.code,
  name_zh: set.name_zh,
  name_en: set.name_en,
  note: set.note,
  posts: set.posts.map(({ role, least, most }) => ({
    role,
    least: String(least),
    most: most === null ? '' : String(most),
  })),
});

const BLANK: Draft = {
  code: '',
  name_zh: '',
  name_en: '',
  note: '',
  posts: [{ role: 'leader', least: '1', most: '1' }],
};

const toSet = (draft: Draft): RoleSet => ({
  ...draft,
  code: draft.code.trim(),
  posts: draft.posts.map(({ role, least, most }) => ({
    role,
    least: Number(least) || 0,
    most: most.trim() === '' ? null : Number(most),
  })),
});

interface Props {
  set: RoleSet | null;
  onClose: () => void;
  onChanged: () => void;
}

export function RoleSetForm({ set: kept, onClose, onChanged }: Props) {
  const [isDeleting, setDeleting] = useState(false);
  const done = () => {
    say(t('saved'));
    onChanged();
  };
  const editing = useEditing<RoleSet & { revision: number }, Draft>({
    thing: kept && { ...kept, revision: 0 },
    toDraft,
    blank: BLANK,
    send: async (draft) => {
      const given = toSet(draft);
      const saved = kept ? await changeRoleSet(kept.code, given) : await addRoleSet(given);
      return { ...given, ...saved, revision: 0 };
    },
    onSaved: done,
  });
  const { draft, set, errorAt, isBusy, isDirty } = editing;
  const title = kept ? titled(kept) : t('rolesets.add');
  const isReady = draft.code.trim() !== '' && draft.name_zh.trim() !== '' && draft.name_en.trim() !== '';
  return (
    <Drawer
      title={title}
      label={title}
      onClose={onClose}
      onSubmit={editing.save}
      isDirty={isDirty}
      foot={
        <>
          <Button type="submit" look="main" disabled={!isDirty || isBusy || !isReady}>
            {t(isBusy ? 'save.busy' : 'save')}
          </Button>
          {kept && (
            <Button look="plain" onClick={() => setDeleting(true)}>
              {t('rolesets.delete')}
            </Button>
          )}
        </>
      }
    >
      {kept && isDeleting && (
        <Consequence
          title={t('rolesets.delete.what', { name: title })}
          does={t('rolesets.delete')}
          onLeave={() => setDeleting(false)}
          onDo={() => deleteRoleSet(kept.code).then(done)}
        >
          <p>{t('rolesets.delete.how', { count: kept.units ?? 0 })}</p>
        </Consequence>
      )}
      <div class="pair">
        <TextField
          name="set-name-zh"
          label={t('rolesets.name_zh')}
          value={draft.name_zh}
          onValue={(name_zh) => set({ name_zh })}
          error={errorAt('name_zh')}
        />
        <TextField
          name="set-name-en"
          label={t('rolesets.name_en')}
          value={draft.name_en}
          onValue={(name_en) => set({ name_en })}
          error={errorAt('name_en')}
        />
      </div>
      {!kept && (
        <TextField
          name="set-code"
          label={t('unit.code')}
          hint={t('rolesets.code.how')}
          value={draft.code}
          onValue={(code) => set({ code })}
          error={errorAt('code')}
        />
      )}
      <PostRows posts={draft.posts} onPosts={(posts) => set({ posts })} error={errorAt('posts')} />
      <TextArea
        name="set-note"
        label={t('terminals.note')}
        rows={2}
        value={draft.note}
        onValue={(note) => set({ note })}
        error={errorAt('note')}
      />
      <FormError error={editing.error} />
    </Drawer>
  );
}

interface RowsProps {
  posts: readonly PostDraft[];
  onPosts: (posts: PostDraft[]) => void;
  error: string | null;
}

function PostRows({ posts, onPosts, error }: RowsProps) {
  const roles = me.value?.roles ?? [];
  const put = (at: number, change: Partial<PostDraft>) =>
    onPosts(posts.map((post, index) => (index === at ? { ...post, ...change } : post)));
  const unused = roles.find(({ code }) => posts.every(({ role }) => role !== code));
  return (
    <fieldset class="group">
      <legend class="section-title">{t('rolesets.posts')}</legend>
      <div class="post-rows">
        <span class="post-row post-head" aria-hidden="true">
          <span>{t('members.role')}</span>
          <span>{t('rolesets.least')}</span>
          <span>{t('rolesets.most')}</span>
        </span>
        {posts.map((post, at) => (
          <div key={post.role} class="post-row">
            <Select
              bare
              name={`post-role-${at}`}
              label={t('members.role')}
              value={post.role}
              onValue={(role) => put(at, { role })}
              options={roles.map((role) => [role.code, titled(role)] as const)}
            />
            <Count
              name={`post-least-${at}`}
              label={t('rolesets.least')}
              value={post.least}
              onValue={(least) => put(at, { least })}
            />
            <Count
              name={`post-most-${at}`}
              label={t('rolesets.most')}
              placeholder={t('rolesets.any')}
              value={post.most}
              onValue={(most) => put(at, { most })}
            />
            <SquareButton
              icon={Trash2}
              label={t('rolesets.remove')}
              onClick={() => onPosts(posts.filter((_, index) => index !== at))}
            />
          </div>
        ))}
      </div>
      {error && (
        <span class="field-error" role="alert">
          {error}
        </span>
      )}
      <div>
        <Button
          icon={Plus}
          disabled={!unused}
          onClick={() => unused && onPosts([...posts, { role: unused.code, least: '1', most: '1' }])}
        >
          {t('rolesets.addpost')}
        </Button>
      </div>
    </fieldset>
  );
}

interface CountProps {
  name: string;
  label: string;
  value: string;
  placeholder?: string;
  onValue: (value: string) => void;
}

const Count = ({ name, label, value, placeholder, onValue }: CountProps) => (
  <input
    class="input num"
    type="number"
    min={0}
    name={name}
    aria-label={label}
    placeholder={placeholder}
    value={value}
    onInput={(event) => onValue(event.currentTarget.value)}
  />
);
