/** The form of a new terminal. Its credential follows at once. */
import { addTerminal, type Issued } from '../../../api/terminals';
import type { Named } from '../../../api/types';
import { Button } from '../../../design/Button';
import { Drawer } from '../../../design/Drawer';
import { TextArea, TextField } from '../../../design/Field';
import { FormError } from '../../../design/FormError';
import { t } from '../../../i18n';
import { useEditing } from '../../../state/editing';
import { me } from '../../../state/session';
import { MemberPicker } from '../forms/MemberPicker';
import { unitFilter } from '../forms/UnitFilter';
import { UnitPicker } from '../UnitPicker';

interface Draft {
  code: string;
  unit: number | null;
  member: Named | null;
  model: string;
  interval: string;
  note: string;
}

interface Props {
  onIssued: (issued: Issued) => void;
  onClose: () => void;
}

const send = ({ code, unit, member, model, interval, note }: Draft): Promise<Issued> =>
  addTerminal({
    unit: unit!,
    model: model.trim(),
    note: note.trim(),
    interval_s: interval.trim() === '' ? null : Number(interval),
    ...(code.trim() ? { code: code.trim() } : {}),
    ...(member ? { member: member.id } : {}),
  });

export function NewTerminal({ onIssued, onClose }: Props) {
  const editing = useEditing<Issued & { revision: number }, Draft>({
    thing: null,
    toDraft: () => blank(),
    blank: blank(),
    send: async (draft) => ({ ...(await send(draft)), revision: 1 }),
    onSaved: onIssued,
  });
  const { draft, set, isBusy } = editing;
  return (
    <Drawer
      title={t('terminals.add')}
      label={t('terminals.add')}
      onClose={onClose}
      onSubmit={editing.save}
      isDirty={editing.isDirty}
      foot={
        <Button type="submit" look="main" disabled={isBusy || draft.unit === null} testId="save-terminal">
          {t(isBusy ? 'save.busy' : 'terminals.make')}
        </Button>
      }
    >
      <p class="second">{t('terminals.add.how')}</p>
      <TextField
        name="terminal-code"
        label={t('terminals.code')}
        hint={t('terminals.code.how')}
        value={draft.code}
        onValue={(code) => set({ code })}
        error={editing.errorAt('code')}
        maxLength={64}
      />
      <UnitPicker
        name="terminal-unit"
        label={t('terminals.unit')}
        value={draft.unit}
        onValue={(unit) => set({ unit })}
        error={editing.errorAt('unit')}
      />
      <MemberPicker
        name="terminal-member"
        label={t('terminals.carrier')}
        hint={t('terminals.carrier.how')}
        value={draft.member}
        onValue={(member) => set({ member })}
        error={editing.errorAt('member')}
      />
      <div class="pair">
        <TextField
          name="terminal-model"
          label={t('terminals.model')}
          value={draft.model}
          onValue={(model) => set({ model })}
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
      />
      <FormError error={editing.error} />
    </Drawer>
  );
}

const blank = (): Draft => ({
  code: '',
  unit: unitFilter.value ?? me.value?.unit.id ?? null,
  member: null,
  model: '',
  interval: '',
  note: '',
});
