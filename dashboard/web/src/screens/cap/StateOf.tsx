import type { MessageState } from '../../api/cap';
import { Badge, type Tone } from '../../design/Badge';
import { t } from '../../i18n';

const TONES: Readonly<Record<MessageState, Tone>> = {
  waiting: 'warn',
  drafted: 'good',
  dismissed: 'plain',
  overtaken: 'plain',
};

export function StateOf({ state }: { state: MessageState }) {
  return <Badge tone={TONES[state]}>{t(`cap.state.${state}`)}</Badge>;
}
