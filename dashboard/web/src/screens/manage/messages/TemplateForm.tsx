/** The form of a template, with the message as a reader would see it in both languages, and its versions. */
import { Trash2 } from 'lucide';
import { useEffect, useState } from 'preact/hooks';
import {
  addTemplate,
  changeTemplate,
  deleteTemplate,
  getTemplate,
  type TemplateCard,
  type Tried,
  tryTemplate,
} from '../../../api/messages';
import { Button } from '../../../design/Button';
import { Drawer } from '../../../design/Drawer';
import { TextField } from '../../../design/Field';
import { FormError } from '../../../design/FormError';
import { Section } from '../../../design/Panel';
import { say } from '../../../design/Toast';
import { language, t, time } from '../../../i18n';
import { nowMs } from '../../../state/clock';
import { useEditing } from '../../../state/editing';
import { can, me, unitOf } from '../../../state/session';
import { Conflict } from '../forms/Conflict';
import { Consequence } from '../forms/Consequence';
import { UnitPicker, unitPath } from '../UnitPicker';
import { Texts } from './Wording';
import { Bubble } from './words';

interface Draft {
  name: string;
  unit: number | null;
  text_zh: string;
  text_en: string;
}

interface Props {
  template: TemplateCard | null;
  onSaved: (saved: TemplateCard) => void;
  onGone: () => void;
  onClose: () => void;
}

const ASK_AFTER_MS = 250;
const toDraft = ({ name, unit, text_zh, text_en }: TemplateCard): Draft => ({
  name,
  unit: unit.id,
  text_zh,
  text_en,
});

export function TemplateForm({ template, onSaved, onGone, onClose }: Props) {
  const [isDeleting, setDeleting] = useState(false);
  const editing = useEditing<TemplateCard, Draft>({
    thing: template,
    toDraft,
    blank: { name: '', unit: (unitOf('issuer') ?? me.value?.unit)?.id ?? null, text_zh: '', text_en: '' },
    send: ({ unit, ...draft }, change, revision) =>
      template
        ? changeTemplate(template.id, revision, { ...change, unit: change.unit ?? undefined })
        : addTemplate({ ...draft, unit: unit ?? 0 }),
    reload: template ? () => getTemplate(template.id) : undefined,
    onSaved: (saved) => {
      say(t('sms.template.saved', { version: saved.version }));
      onSaved(saved);
    },
  });
  const { draft, set, isBusy, isDirty, errorAt } = editing;
  const tried = useTried(draft.text_zh, draft.text_en);
  const fault = tried?.fault;
  const faultAt = (field: string) =>
    errorAt(field) ??
    (fault?.field === field && (draft.text_zh || draft.text_en) ? fault[language.value] : null);
  const mayChange = can('issuer');
  const title = template?.name ?? t('sms.template.add');
  return (
    <Drawer
      title={title}
      label={title}
      onClose={onClose}
      onSubmit={editing.save}
      isDirty={isDirty}
      foot={
        mayChange && (
          <>
            <Button
              type="submit"
              look="main"
              disabled={isBusy || !draft.name.trim() || fault !== null || (template !== null && !isDirty)}
              testId="save-template"
            >
              {t(isBusy ? 'save.busy' : template ? 'save' : 'sms.template.add')}
            </Button>
            {template && (
              <Button icon={Trash2} onClick={() => setDeleting(true)}>
                {t('sms.delete')}
              </Button>
            )}
          </>
        )
      }
    >
      {isDeleting && template && (
        <Consequence
          title={t('sms.delete')}
          does={t('sms.delete')}
          onLeave={() => setDeleting(false)}
          onDo={async () => {
            await deleteTemplate(template.id, template.revision);
            onGone();
          }}
        >
          <p>{t('sms.template.delete.how', { count: template.used })}</p>
        </Consequence>
      )}
      <Conflict<Draft>
        editing={editing}
        labels={{
          name: t('sms.name'),
          unit: t('sms.keeper'),
          text_zh: t('sms.text_zh'),
          text_en: t('sms.text_en'),
        }}
        show={(field, value) => (field === 'unit' ? unitPath(Number(value)) : String(value || '–'))}
      />
      <TextField
        name="template-name"
        label={t('sms.name')}
        value={draft.name}
        disabled={!mayChange}
        error={errorAt('name')}
        onValue={(name) => set({ name })}
      />
      <UnitPicker
        name="template-unit"
        label={t('sms.keeper')}
        hint={t('sms.keeper.how')}
        value={draft.unit}
        onValue={(unit) => set({ unit })}
      />
      <Texts draft={draft} set={set} errorAt={faultAt} disabled={!mayChange} />
      <FormError error={editing.error} />
      {tried && <Looks tried={tried} />}
      {template && <Versions template={template} />}
    </Drawer>
  );
}

function useTried(text_zh: string, text_en: string): Tried | null {
  const [tried, setTried] = useState<Tried | null>(null);
  useEffect(() => {
    let isWanted = true;
    const timer = setTimeout(() => {
      const values = { name: t('sms.sample.name'), unit: t('sms.sample.unit') };
      tryTemplate(text_zh, text_en, values).then(
        (found) => isWanted && setTried(found),
        () => isWanted && setTried(null),
      );
    }, ASK_AFTER_MS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [text_zh, text_en]);
  return tried;
}

function Looks({ tried }: { tried: Tried }) {
  if (!tried.sample_zh && !tried.sample_en) return null;
  return (
    <Section title={t('sms.template.looks')}>
      {tried.sample_zh && <Bubble text={tried.sample_zh} parts={tried.parts_zh} label={t('sms.text_zh')} />}
      {tried.sample_en && <Bubble text={tried.sample_en} parts={tried.parts_en} label={t('sms.text_en')} />}
      {tried.variables.length > 0 && (
        <p class="second" data-testid="variables">
          {t('sms.template.fills', { names: tried.variables.join(t('list.comma')) })}
        </p>
      )}
    </Section>
  );
}

function Versions({ template }: { template: TemplateCard }) {
  return (
    <details class="rule-section">
      <summary class="section-title">{t('sms.versions', { count: template.versions.length })}</summary>
      <ol class="attempts">
        {template.versions.map((each) => (
          <li key={each.version}>
            <strong>
              {t('rules.version', {
                revision: each.version,
                who: each.made_by.name,
                at: time(each.made_at, nowMs.value),
              })}
            </strong>
            {each.text_zh && <p class="second">{each.text_zh}</p>}
            {each.text_en && <p class="second">{each.text_en}</p>}
          </li>
        ))}
      </ol>
    </details>
  );
}
