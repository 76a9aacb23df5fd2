/** What a terminal is, who carried it, and every step of its life with what it brings about. */
import { useState } from 'preact/hooks';
import {
  changeTerminal,
  getTerminal,
  type Issued,
  type TerminalCard,
  type TerminalChange,
} from '../../../api/terminals';
import { Button } from '../../../design/Button';
import { Drawer } from '../../../design/Drawer';
import { TextArea, TextField } from '../../../design/Field';
import { FormError } from '../../../design/FormError';
import { Facts } from '../../../design/Panel';
import { say } from '../../../design/Toast';
import { ago, t, time } from '../../../i18n';
import { nowMs } from '../../../state/clock';
import { useEditing } from '../../../state/editing';
import { go } from '../../../state/place';
import { can } from '../../../state/session';
import { Conflict } from '../forms/Conflict';
import { UnitPicker, unitPath } from '../UnitPicker';
import { CarrierHistory } from './CarrierHistory';
import { StateBadge } from './columns';
import { STEPS_OF, type Step } from './steps';
import { TakeStep } from './TakeStep';

interface Draft {
  unit: number | null;
  interval: string;
  model: string;
  note: string;
}

const toDraft = (terminal: TerminalCard): Draft => ({
  unit: terminal.unit?.id ?? null,
  interval: terminal.interval_s === null ? '' : String(terminal.interval_s),
  model: terminal.model,
  note: terminal.note,
});

function toChange({ interval, ...rest }: Partial<Draft>): Partial<TerminalChange> {
  if (interval === undefined) return rest;
  return { ...rest, interval_s: interval.trim() === '' ? null : Number(interval) };
}

interface Props {
  terminal: TerminalCard;
  onChanged: () => void;
  onIssued: (issued: Issued) => void;
  onClose: () => void;
}

export function TerminalCardView({ terminal, onChanged, onIssued, onClose }: Props) {
  const [step, setStep] = useState<Step | null>(null);
  const editing = useEditing<TerminalCard, Draft>({
    thing: terminal,
    toDraft,
    send: (_, change, revision) => changeTerminal(terminal.id, revision, toChange(change)),
    reload: () => getTerminal(terminal.id),
    onSaved: () => {
      say(t('saved'));
      onChanged();
    },
  });
  const { draft, set } = editing;
  const mayChange = can('administrator') && terminal.state !== 'retired';
  return (
    <Drawer
      title={
        <span class="line">
          <span class="mono drawer-code">{terminal.code}</span> <StateBadge state={terminal.state} />
        </span>
      }
      label={t('terminal.of', { code: terminal.code })}
      onClose={onClose}
      onSubmit={editing.save}
      isDirty={editing.isDirty}
      foot={
        mayChange && (
          <Button type="submit" look="main" disabled={!editing.isDirty || editing.isBusy}>
            {t(editing.isBusy ? 'save.busy' : 'save')}
          </Button>
        )
      }
    >
      <TerminalFacts terminal={terminal} />
      {can('administrator') && step === null && (
        <div class="line-wrap">
          {STEPS_OF[terminal.state].map((each) => (
            <Button key={each} onClick={() => setStep(each)} testId={`step-${each}`}>
              {t(`terminal.step.${each}`)}
            </Button>
          ))}
        </div>
      )}
      {step && (
        <TakeStep
          terminal={terminal}
          step={step}
          onLeave={() => setStep(null)}
          onChanged={onChanged}
          onIssued={onIssued}
        />
      )}
      <CarrierHistory terminal={terminal} />
      <Conflict
        editing={editing}
        labels={{
          unit: t('unit'),
          interval: t('terminals.interval'),
          model: t('terminals.model'),
          note: t('terminals.note'),
        }}
        show={(field, value) => (field === 'unit' ? unitPath(Number(value)) : String(value || '–'))}
      />
      {mayChange && (
        <>
          <UnitPicker
            name="terminal-unit"
            label={t('terminals.unit')}
            value={draft.unit}
            onValue={(unit) => set({ unit })}
            error={editing.errorAt('unit')}
          />
          <div class="pair">
            <TextField
              name="terminal-model"
              label={t('terminals.model')}
              value={draft.model}
              onValue={(model) => set({ model })}
              error={editing.errorAt('model')}
            />
            <TextField
              name="terminal-interval"
              label={t('terminals.interval')}
              type="number"
              min={1}
              value={draft.interval}
              placeholder={t('terminals.interval.learned')}
              onValue={(interval) => set({ interval })}
              error={editing.errorAt('interval_s')}
            />
          </div>
          <TextArea
            name="terminal-note"
            label={t('terminals.note')}
            rows={2}
            value={draft.note}
            onValue={(note) => set({ note })}
            error={editing.errorAt('note')}
          />
        </>
      )}
      <FormError error={editing.error} />
    </Drawer>
  );
}

function TerminalFacts({ terminal }: { terminal: TerminalCard }) {
  const { member, last_seen_at, issued_at } = terminal;
  return (
    <Facts
      rows={[
        [
          t('terminals.carrier'),
          member ? (
            <button
              type="button"
              class="link"
              onClick={() => go({ manage: 'members', item: String(member.id) })}
            >
              {member.name}
            </button>
          ) : (
            <span class="quiet">{t('terminals.nobody')}</span>
          ),
        ],
        [
          t('terminals.seen'),
          last_seen_at ? (
            <span class="num">{`${time(last_seen_at, nowMs.value)} · ${ago(last_seen_at, nowMs.value)}`}</span>
          ) : (
            <span class="quiet">{t('member.never')}</span>
          ),
        ],
        [t('terminals.issued'), <span class="num">{time(issued_at, nowMs.value)}</span>],
      ]}
    />
  );
}
