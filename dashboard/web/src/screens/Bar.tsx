import {
  Activity,
  CircleHelp,
  Languages,
  LogOut,
  Mail,
  Moon,
  Route,
  Settings2,
  Siren,
  Sun,
  TriangleAlert,
  UserRound,
} from 'lucide';
import { Count } from '../design/Badge';
import { Button, SquareButton } from '../design/Button';
import { Icon } from '../design/Icon';
import { chooseLanguage, language, named, span, t, time } from '../i18n';
import { inForce } from '../state/alerts';
import { openCases, untakenCases } from '../state/cases';
import { nowMs } from '../state/clock';
import { openEmergencies, untaken } from '../state/emergencies';
import { heardAtMs, link } from '../state/live';
import { openPanel, type PanelName, panel, section } from '../state/place';
import { isOfTheTop, leave, me } from '../state/session';
import { switchTheme, theme } from '../state/theme';
import { ancestorsOf, chosenUnit, shortName } from '../state/units';
import { isHelpOpen } from './keys';
import { offered, toggleManage } from './manage/sections';
import { Search } from './Search';

export function Bar() {
  const account = me.value;
  if (!account) return null;
  return (
    <header class={`desk-bar bar bar-${link.value}`}>
      <h1 class="bar-city">
        <img src="/mark.svg" width="20" height="20" alt="" />
        {named(account.city)}
      </h1>
      <UnitPath />
      <Search />
      <LinkState />
      <PanelButtons />
      <ManageButton />
      <LookButtons />
    </header>
  );
}

function UnitPath() {
  const unit = chosenUnit.value;
  if (!unit) return null;
  const above = ancestorsOf(unit.id).slice(1);
  if (above.length === 0 && unit.id === me.value?.unit.id && unit.name === me.value.city.name) return null;
  return (
    <p class="bar-path clip">
      {above.map((each) => (
        <span key={each.id} class="bar-above clip">
          {shortName(each)} ›
        </span>
      ))}
      <strong class="clip">{shortName(unit)}</strong>
    </p>
  );
}

/** How good our own connection is; with since when, once it is not. */
export function LinkState({ brief = false }: { brief?: boolean }) {
  const heard = heardAtMs.value;
  const quiet = heard === null ? '' : span((nowMs.value - heard) / 1000);
  const words = {
    connecting: t('link.connecting'),
    live: time(nowMs.value, nowMs.value),
    late: t('link.late', { span: quiet }),
    lost:
      heard === null
        ? t('link.down')
        : t(brief ? 'link.lost.brief' : 'link.lost', { at: time(heard, nowMs.value) }),
  };
  return (
    <span class="bar-link" data-testid="link" data-state={link.value} title={t(`link.title.${link.value}`)}>
      <span class="bar-dot" />
      {words[link.value]}
    </span>
  );
}

const PANELS: readonly {
  name: PanelName;
  icon: typeof Mail;
  label: 'cases' | 'alerts' | 'crossings' | 'outbox' | 'ingest';
}[] = [
  { name: 'cases', icon: Siren, label: 'cases' },
  { name: 'alerts', icon: TriangleAlert, label: 'alerts' },
  { name: 'crossings', icon: Route, label: 'crossings' },
  { name: 'outbox', icon: Mail, label: 'outbox' },
  { name: 'ingest', icon: Activity, label: 'ingest' },
];

function PanelButtons() {
  const numbers: Partial<Record<PanelName, number>> = {
    cases:
      untaken.value.length + untakenCases.value.length ||
      openEmergencies.value.length + openCases.value.length,
    alerts: inForce.value.length,
  };
  const shown = PANELS.filter(({ name }) => name !== 'ingest' || isOfTheTop());
  return (
    <nav class="bar-tools" aria-label={t('panels')}>
      {shown.map(({ name, icon, label }) => (
        <button
          key={name}
          type="button"
          class="button button-plain button-square"
          title={t(label)}
          aria-label={t(label)}
          aria-pressed={panel.value === name}
          data-testid={`open-${name}`}
          onClick={() => openPanel(panel.value === name ? null : name)}
        >
          <Icon node={icon} />
          <Count value={numbers[name] ?? 0} />
        </button>
      ))}
    </nav>
  );
}

function ManageButton() {
  if (offered().length === 0) return null;
  return (
    <Button
      look="plain"
      icon={Settings2}
      class="button button-plain bar-manage"
      title={t('manage')}
      aria-label={t('manage')}
      aria-pressed={section.value !== null}
      onClick={toggleManage}
      testId="manage"
    >
      <span class="bar-manage-name">{t('manage')}</span>
    </Button>
  );
}

function LookButtons() {
  const other = language.value === 'zh' ? 'en' : 'zh';
  const dark = theme.value === 'dark';
  return (
    <div class="bar-tools">
      <SquareButton
        icon={Languages}
        label={other === 'zh' ? '切换到中文' : 'Switch to English'}
        onClick={() => chooseLanguage(other)}
        testId="language"
      />
      <SquareButton
        icon={dark ? Sun : Moon}
        label={t(dark ? 'theme.light' : 'theme.dark')}
        onClick={switchTheme}
        testId="theme"
      />
      <SquareButton
        icon={CircleHelp}
        label={t('help')}
        onClick={() => {
          isHelpOpen.value = true;
        }}
      />
      <SquareButton
        icon={UserRound}
        label={me.value?.account.name ?? ''}
        onClick={() => openPanel('me')}
        testId="me"
      />
      <SquareButton icon={LogOut} label={t('logout')} onClick={() => void leave()} testId="logout" />
    </div>
  );
}
