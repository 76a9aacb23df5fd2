/** One terminal, a new one, or the credential that was just made: that last one until it is closed, and never again. */
import { useState } from 'preact/hooks';
import { getTerminal, type Issued, type TerminalCard } from '../../../api/terminals';
import { Drawer } from '../../../design/Drawer';
import { Failure, Skeleton } from '../../../design/Feedback';
import { t } from '../../../i18n';
import { useFetched } from '../../../state/async';
import { openItem } from '../../../state/place';
import { CredentialOnce } from './CredentialOnce';
import { NewTerminal } from './NewTerminal';
import { TerminalCardView } from './TerminalCardView';

export function TerminalDrawer({ item, onChanged }: { item: string; onChanged: () => void }) {
  const [issued, setIssued] = useState<Issued | null>(null);
  const isNew = item === 'new';
  const { value, error, reload } = useFetched(isNew ? null : `terminal ${item}`, () =>
    getTerminal(Number(item)),
  );
  const close = () => openItem(null);
  const changed = () => {
    reload();
    onChanged();
  };
  if (issued)
    return (
      <CredentialOnce
        issued={issued}
        onClose={() => {
          setIssued(null);
          if (isNew) openItem(issued.terminal.id);
          else reload();
        }}
      />
    );
  const give = (given: Issued) => {
    onChanged();
    setIssued(given);
  };
  if (isNew) return <NewTerminal onIssued={give} onClose={close} />;
  if (value)
    return (
      <TerminalCardView
        key={revisionKey(value)}
        terminal={value}
        onChanged={changed}
        onIssued={give}
        onClose={close}
      />
    );
  return (
    <Drawer title={t('terminal')} label={t('terminal')} onClose={close}>
      {error ? (
        <Failure what={t('terminal')} error={error} onRetry={reload} />
      ) : (
        <Skeleton label={t('terminal')} />
      )}
    </Drawer>
  );
}

/** A step taken makes the card anew: its form starts from what is stored. */
const revisionKey = ({ id, revision }: TerminalCard): string => `${id} ${revision}`;
