/** What a circular says: a text in one or both languages, or a template with its variables filled in. */
import { useRef } from 'preact/hooks';
import { getTemplates, type Template } from '../../../api/messages';
import { Select, TextArea, TextField } from '../../../design/Field';
import { t } from '../../../i18n';
import { useFetched } from '../../../state/async';
import { type CircularDraft, PERSONAL, variablesIn } from './draft';

interface Props {
  draft: CircularDraft;
  set: (change: Partial<CircularDraft>) => void;
  errorAt: (field: string) => string | null;
}

export function Wording({ draft, set, errorAt }: Props) {
  const { value } = useFetched('sms templates', getTemplates);
  const templates = value?.templates ?? [];
  const chosen = templates.find(({ id }) => id === draft.template);
  const choose = (template?: Template) =>
    set({ template: template?.id ?? null, version: template?.version ?? null, values: {} });
  return (
    <fieldset class="group">
      <legend class="section-title">{t('sms.wording')}</legend>
      <Select
        name="sms-template"
        label={t('sms.template')}
        value={String(draft.template ?? '')}
        onValue={(id) => choose(templates.find((each) => String(each.id) === id))}
        options={[
          ['', t('sms.template.none')],
          ...templates.map(({ id, name }) => [String(id), name] as const),
        ]}
      />
      {chosen ? (
        variablesIn(chosen.text_zh, chosen.text_en).map((name) => (
          <TextField
            key={name}
            name={`value-${name}`}
            label={t('sms.value', { name })}
            value={draft.values[name] ?? ''}
            error={draft.values[name] ? null : errorAt('values')}
            onValue={(given) => set({ values: { ...draft.values, [name]: given } })}
          />
        ))
      ) : (
        <Texts draft={draft} set={set} errorAt={errorAt} />
      )}
    </fieldset>
  );
}

interface TextsProps {
  draft: { text_zh: string; text_en: string };
  set: (change: { text_zh?: string; text_en?: string }) => void;
  errorAt: (field: string) => string | null;
  disabled?: boolean;
}

/** The two texts, each with buttons that put a reader's own variable where the cursor stands. */
export function Texts({ draft, set, errorAt, disabled }: TextsProps) {
  return (
    <>
      {(['text_zh', 'text_en'] as const).map((field) => (
        <OneText
          key={field}
          field={field}
          value={draft[field]}
          error={errorAt(field)}
          disabled={disabled}
          onValue={(text) => set({ [field]: text })}
        />
      ))}
    </>
  );
}

interface OneProps {
  field: 'text_zh' | 'text_en';
  value: string;
  error: string | null;
  disabled?: boolean;
  onValue: (text: string) => void;
}

function OneText({ field, value, error, disabled, onValue }: OneProps) {
  const box = useRef<HTMLDivElement>(null);
  const put = (name: string) => {
    const area = box.current?.querySelector('textarea');
    const at = area?.selectionStart ?? value.length;
    const mark = `{${name}}`;
    onValue(value.slice(0, at) + mark + value.slice(area?.selectionEnd ?? at));
    requestAnimationFrame(() => {
      area?.focus();
      area?.setSelectionRange(at + mark.length, at + mark.length);
    });
  };
  return (
    <div ref={box} class="wording">
      <TextArea
        name={field}
        label={t(`sms.${field}`)}
        hint={field === 'text_en' ? t('sms.text_en.how') : undefined}
        rows={field === 'text_zh' ? 4 : 2}
        value={value}
        error={error}
        disabled={disabled}
        onValue={onValue}
      />
      {!disabled && (
        <div class="line-wrap wording-put">
          {PERSONAL.map((name) => (
            <button key={name} type="button" class="chip chip-put" onClick={() => put(name)}>
              + {t(`sms.variable.${name}`)}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
