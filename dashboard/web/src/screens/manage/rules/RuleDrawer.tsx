/** One rule, or a new one. While a trial runs it is read again every second. */
import { useState } from 'preact/hooks';
import { getRule, type RuleCard } from '../../../api/rules';
import { Drawer } from '../../../design/Drawer';
import { Failure, Skeleton } from '../../../design/Feedback';
import { t } from '../../../i18n';
import { useFetched } from '../../../state/async';
import { openItem } from '../../../state/place';
import { RuleForm } from './RuleForm';

const LOOK_MS = 1_000;

export function RuleDrawer({ item, onChanged }: { item: string; onChanged: () => void }) {
  const isNew = item === 'new';
  const [isTrying, setTrying] = useState(false);
  const { value, error, reload } = useFetched(
    isNew ? null : `rule ${item}`,
    async () => {
      const card = await getRule(Number(item));
      setTrying(card.trial !== null && card.trial.finished_at === null);
      return card;
    },
    isTrying ? LOOK_MS : undefined,
  );
  const close = () => openItem(null);
  const changed = (rule: RuleCard) => {
    onChanged();
    if (isNew) openItem(rule.id);
    else reload();
  };
  const gone = () => {
    onChanged();
    close();
  };
  if (isNew) return <RuleForm rule={null} onChanged={changed} onGone={gone} onClose={close} />;
  if (value)
    return <RuleForm key={value.revision} rule={value} onChanged={changed} onGone={gone} onClose={close} />;
  return (
    <Drawer title={t('rules.rule')} label={t('rules.rule')} onClose={close}>
      {error ? (
        <Failure what={t('rules.rule')} error={error} onRetry={reload} />
      ) : (
        <Skeleton label={t('rules.rule')} />
      )}
    </Drawer>
  );
}
