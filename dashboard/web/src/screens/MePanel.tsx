import { LogOut } from 'lucide';
import { Badge } from '../design/Badge';
import { Button } from '../design/Button';
import { Facts, Panel, Section } from '../design/Panel';
import { named, t } from '../i18n';
import { link } from '../state/live';
import { openPanel } from '../state/place';
import { leave, levelName, me } from '../state/session';
import { isPhone } from './App';
import { LinkState } from './Bar';
import { LookTools } from './Login';

export function MePanel() {
  const account = me.value;
  if (!account) return null;
  return (
    <Panel
      title={account.account.name}
      label={t('me')}
      onClose={isPhone.value ? undefined : () => openPanel(null)}
      foot={
        <Button icon={LogOut} wide onClick={() => void leave()}>
          {t('logout')}
        </Button>
      }
    >
      <Section title={t('me.account')}>
        <Facts
          rows={[
            [t('me.unit'), named(account.unit)],
            [t('unit.level'), levelName(account.unit.level)],
            [
              t('me.right'),
              account.account.may_issue ? (
                <Badge tone="good">{t('me.issues')}</Badge>
              ) : (
                <Badge>{t('me.reads')}</Badge>
              ),
            ],
          ]}
        />
      </Section>
      <Section title={t('me.connection')}>
        <p class={`bar-${link.value}`}>
          <LinkState />
        </p>
      </Section>
      <Section title={t('me.look')}>
        <LookTools />
      </Section>
    </Panel>
  );
}
