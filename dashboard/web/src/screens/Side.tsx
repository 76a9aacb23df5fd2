import { alertId, memberId, messageId, panel } from '../state/place';
import { AlertPanel } from './AlertPanel';
import { AlertsPanel } from './AlertsPanel';
import { CasesPanel } from './CasesPanel';
import { ComposePanel } from './ComposePanel';
import { CrossingsPanel } from './CrossingsPanel';
import { MessagePanel } from './cap/MessagePanel';
import { ReceivedPanel } from './cap/ReceivedPanel';
import { MemberPanel } from './MemberPanel';
import { MePanel } from './MePanel';
import { OutboxPanel } from './OutboxPanel';
import { OperationsPanel } from './operations/OperationsPanel';
import { UnitPanel } from './UnitPanel';

/** The one panel at the right: the address bar says which. */
export function Side() {
  switch (panel.value) {
    case 'member':
      return memberId.value === null ? null : <MemberPanel key={memberId.value} id={memberId.value} />;
    case 'alert':
      return alertId.value === null ? null : <AlertPanel key={alertId.value} id={alertId.value} />;
    case 'unit':
      return <UnitPanel />;
    case 'alerts':
      return <AlertsPanel />;
    case 'compose':
      return <ComposePanel />;
    case 'received':
      return <ReceivedPanel />;
    case 'message':
      return messageId.value === null ? null : <MessagePanel key={messageId.value} id={messageId.value} />;
    case 'cases':
      return <CasesPanel />;
    case 'outbox':
      return <OutboxPanel />;
    case 'ingest':
      return <OperationsPanel />;
    case 'crossings':
      return <CrossingsPanel />;
    case 'me':
      return <MePanel />;
    default:
      return null;
  }
}
