/** What the list of terminals shows of each, and how a state looks. */
import type { Terminal, TerminalState } from '../../../api/terminals';
import { Badge, type Tone } from '../../../design/Badge';
import type { Column } from '../../../design/Table';
import { ago, named, t } from '../../../i18n';
import { nowMs } from '../../../state/clock';

const TONES: Readonly<Record<TerminalState, Tone>> = {
  in_use: 'good',
  spare: 'plain',
  lost: 'bad',
  revoked: 'bad',
  retired: 'plain',
};

export const StateBadge = ({ state }: { state: TerminalState }) => (
  <Badge tone={TONES[state]}>{t(`terminal.state.${state}`)}</Badge>
);

/** In a list the ordinary state is quiet, so that the others stand out. */
const StateCell = ({ state }: { state: TerminalState }) =>
  state === 'in_use' ? (
    <span class="second">{t('terminal.state.in_use')}</span>
  ) : (
    <StateBadge state={state} />
  );

const quiet = (text: string) => <span class="quiet">{text}</span>;

export const terminalColumns = (): readonly Column<Terminal>[] => [
  {
    name: 'code',
    label: t('terminals.code'),
    width: '14%',
    cell: ({ code }) => <span class="mono">{code}</span>,
  },
  {
    name: 'state',
    label: t('terminals.state'),
    width: '11%',
    cell: ({ state }) => <StateCell state={state} />,
  },
  {
    name: 'carrier',
    label: t('terminals.carrier'),
    width: '16%',
    cell: ({ member }) => member?.name ?? quiet(t('terminals.nobody')),
  },
  { name: 'unit', label: t('unit'), cell: ({ unit }) => (unit ? named(unit) : quiet('–')) },
  { name: 'model', label: t('terminals.model'), width: '14%', cell: ({ model }) => model || quiet('–') },
  {
    name: 'seen',
    label: t('terminals.seen'),
    width: '14%',
    end: true,
    cell: ({ last_seen_at }) => (last_seen_at ? ago(last_seen_at, nowMs.value) : quiet(t('member.never'))),
  },
];
