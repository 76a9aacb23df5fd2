/** One step of a terminal's life: its consequence in words, then the deed. */
import { useState } from 'preact/hooks';
import {
  handTerminal,
  type Issued,
  rotateTerminal,
  stepTerminal,
  type TerminalCard,
} from '../../../api/terminals';
import type { Named } from '../../../api/types';
import { say } from '../../../design/Toast';
import { t } from '../../../i18n';
import { Consequence } from '../forms/Consequence';
import { MemberPicker } from '../forms/MemberPicker';
import type { Step } from './steps';

interface Props {
  terminal: TerminalCard;
  step: Step;
  onLeave: () => void;
  onChanged: () => void;
  onIssued: (issued: Issued) => void;
}

export function TakeStep({ terminal, step, onLeave, onChanged, onIssued }: Props) {
  const [to, setTo] = useState<Named | null>(null);
  const { id, revision, member, code } = terminal;
  const done = () => {
    say(
      step === 'hand' && !to
        ? t('terminal.done.takeback', { code })
        : t(`terminal.done.${step}`, { code, name: to?.name ?? '' }),
    );
    onLeave();
    onChanged();
  };
  const take = async () => {
    if (step === 'rotate') return onIssued(await rotateTerminal(id, revision));
    if (step === 'hand') await handTerminal(id, revision, to?.id ?? null);
    else await stepTerminal(id, step, revision);
    done();
  };
  return (
    <Consequence
      title={t(`terminal.step.${step}`)}
      does={step === 'hand' && !to ? t('terminal.step.takeback') : t(`terminal.step.${step}`)}
      isReady={step !== 'hand' || to !== null || member !== null}
      onDo={take}
      onLeave={onLeave}
    >
      {step === 'hand' && (
        <MemberPicker name="hand-to" label={t('terminals.to')} value={to} onValue={setTo} autofocus />
      )}
      <p data-testid="consequence-text">{consequence(step, terminal, to)}</p>
    </Consequence>
  );
}

function consequence(step: Step, { member }: TerminalCard, to: Named | null): string {
  const from = member?.name ?? '';
  if (step === 'found') return t('terminal.how.found'); // a lost one was taken off its carrier
  if (step !== 'hand')
    return t(member ? `terminal.how.${step}.carried` : `terminal.how.${step}`, { name: from });
  if (to) return t(member ? 'terminal.how.hand.over' : 'terminal.how.hand', { name: to.name, from });
  return t(member ? 'terminal.how.takeback' : 'terminal.how.hand.who', { from });
}
