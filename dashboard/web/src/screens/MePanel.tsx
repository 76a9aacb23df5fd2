import { Activity, KeyRound, LogOut, MessageSquareText } from 'lucide';
import { useState } from 'preact/hooks';
import { Badge } from '../design/Badge';
import { Button } from '../design/Button';
import { Facts, Panel, Section } from '../design/Panel';
import { Tabs } from '../design/Tabs';
import { say } from '../design/Toast';
import { named, t } from '../i18n';
import { isPhone } from '../state/frame';
import { link } from '../state/live';
import { go, openPanel } from '../state/place';
import { RIGHTS } from '../state/rights';
import { can, isOfTheTop, leave, levelName, me, unitOf } from '../state/session';
import { Delegations } from './account/Delegations';
import { PasswordForm } from './account/PasswordForm';
import { SecondFactor } from './account/SecondFactor';
import { wantsSecondFactor } from './account/SecondFactorNotice';
import { Sessions } from './account/Sessions';
import { Tokens } from './account/Tokens';
import { LinkState } from './Bar';
import { LookTools } from './Login';

type Tab = 'account' | 'security' | 'delegations' | 'tokens';

export function MePanel() {
  const [tab, setTab] = useState<Tab>(wantsSecondFactor.value ? 'security' : 'account');
  const account = me.value?.account;
  if (!account) return null;
  return (
    <Panel
      title={account.display_name || account.name}
      label={t('me')}
      flush
      onClose={isPhone.value ? undefined : () => openPanel(null)}
      foot={
        <Button icon={LogOut} wide onClick={() => void leave()}>
          {t('logout')}
        </Button>
      }
    >
      <Tabs
        label={t('me')}
        tabs={[
          ['account', t('me.account')],
          ['security', t('me.security')],
          ['delegations', t('delegations')],
          ['tokens', t('tokens')],
        ]}
        chosen={tab}
        onChoose={setTab}
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <div class="panel-body" role="tabpanel" tabIndex={0} aria-label={t('me')}>
        {tab === 'account' && <AboutMe />}
        {tab === 'security' && <Security />}
        {tab === 'delegations' && <Delegations />}
        {tab === 'tokens' && <Tokens />}
      </div>
    </Panel>
  );
}

function AboutMe() {
  const mine = me.value!;
  return (
    <>
      <Section title={t('me.account')}>
        <Facts
          rows={[
            [t('login.name'), mine.account.name],
            [t('me.unit'), named(mine.unit)],
            [t('unit.level'), levelName(mine.unit.level)],
          ]}
        />
      </Section>
      <Section title={t('me.right')}>
        <Facts
          rows={RIGHTS.filter(can).map((right) => [t(`right.${right}`), named(unitOf(right) ?? mine.unit)])}
        />
        {!can('issuer') && !can('administrator') && (
          <p>
            <Badge>{t('me.reads')}</Badge>
          </p>
        )}
      </Section>
      {isPhone.value && (
        <Button
          icon={MessageSquareText}
          wide
          onClick={() => go({ panel: null, manage: 'sms-sent' })}
          testId="me-messages"
        >
          {t('me.messages')}
        </Button>
      )}
      <Section title={t('me.connection')}>
        <p class={`bar-${link.value}`}>
          <LinkState />
        </p>
      </Section>
      {isPhone.value && isOfTheTop() && (
        <Section title={t('ops.phone')}>
          <div>
            <Button icon={Activity} onClick={() => openPanel('ingest')} testId="open-ingest">
              {t('ingest')}
            </Button>
          </div>
        </Section>
      )}
      <Section title={t('me.look')}>
        <LookTools />
      </Section>
    </>
  );
}

function Security() {
  return (
    <>
      <Password />
      <SecondFactor />
      <Sessions />
    </>
  );
}

function Password() {
  const [isOpen, setOpen] = useState(false);
  if (me.value?.account.via === 'oidc')
    return (
      <Section title={t('login.password')}>
        <p class="second">{t('password.oidc')}</p>
      </Section>
    );
  const done = () => {
    setOpen(false);
    say(t('password.changed'));
  };
  return (
    <Section title={t('login.password')}>
      {isOpen ? (
        <PasswordForm onDone={done} onCancel={() => setOpen(false)} />
      ) : (
        <div>
          <Button icon={KeyRound} onClick={() => setOpen(true)} testId="password-open">
            {t('password.change')}
          </Button>
        </div>
      )}
    </Section>
  );
}
