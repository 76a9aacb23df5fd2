/** One roster: its calendar, and its pattern with the people who follow it. A new one begins with the pattern. */
import { ArrowLeft, CalendarX } from 'lucide';
import { useState } from 'preact/hooks';
import { closeRoster, getRoster, type RosterCard } from '../../../api/duty';
import { Button } from '../../../design/Button';
import { Failure, Skeleton } from '../../../design/Feedback';
import { Page } from '../../../design/Page';
import { Tabs } from '../../../design/Tabs';
import { say } from '../../../design/Toast';
import { named, t } from '../../../i18n';
import { useFetched } from '../../../state/async';
import { openItem } from '../../../state/place';
import { can } from '../../../state/session';
import { Consequence } from '../forms/Consequence';
import { Calendar } from './Calendar';
import { ExceptionForm } from './ExceptionForm';
import { RosterForm } from './RosterForm';

type Tab = 'calendar' | 'pattern';

export function RosterPage({ item }: { item: string }) {
  const isNew = item === 'new';
  const { value, error, reload } = useFetched(isNew ? null : `roster ${item}`, () => getRoster(Number(item)));
  if (isNew)
    return (
      <Page title={t('rosters.add')} note={t('rosters.add.how')} tools={<Back />}>
        <div class="roster-scroll">
          <RosterForm roster={null} onSaved={(roster) => openItem(roster.id)} />
        </div>
      </Page>
    );
  if (value) return <Opened roster={value} onChanged={reload} />;
  return (
    <Page title={t('section.rosters')} tools={<Back />}>
      {error ? (
        <Failure what={t('section.rosters')} error={error} onRetry={reload} />
      ) : (
        <Skeleton label={t('section.rosters')} />
      )}
    </Page>
  );
}

const Back = () => (
  <Button icon={ArrowLeft} onClick={() => openItem(null)}>
    {t('rosters.all')}
  </Button>
);

function Opened({ roster, onChanged }: { roster: RosterCard; onChanged: () => void }) {
  const [tab, setTab] = useState<Tab>('calendar');
  const [doing, setDoing] = useState<'exception' | 'close' | null>(null);
  const [version, setVersion] = useState(0); // of the calendar: an exception changes it, not the roster
  const mayChange = can('administrator');
  return (
    <Page
      title={roster.name}
      note={named(roster.unit)}
      tools={
        <>
          <Back />
          {mayChange && (
            <>
              <Button icon={CalendarX} onClick={() => setDoing('exception')} testId="add-exception">
                {t('rosters.exception')}
              </Button>
              <Button look="plain" onClick={() => setDoing('close')}>
                {t('rosters.close')}
              </Button>
            </>
          )}
        </>
      }
    >
      <Tabs<Tab>
        label={roster.name}
        tabs={[
          ['calendar', t('rosters.calendar')],
          ['pattern', t('rosters.pattern')],
        ]}
        chosen={tab}
        onChoose={setTab}
      />
      {doing === 'close' && (
        <div class="roster-doing">
          <Consequence
            title={t('rosters.close.what', { name: roster.name })}
            does={t('rosters.close')}
            onLeave={() => setDoing(null)}
            onDo={() =>
              closeRoster(roster.id, roster.revision).then(() => {
                say(t('rosters.closed', { name: roster.name }));
                openItem(null);
              })
            }
          >
            <p>{t('rosters.close.how', { count: roster.members.length })}</p>
          </Consequence>
        </div>
      )}
      <div class="roster-scroll" hidden={tab !== 'calendar'}>
        <Calendar key={`${roster.revision} ${version}`} roster={roster} />
      </div>
      <div class="roster-scroll" hidden={tab !== 'pattern'}>
        <RosterForm
          key={roster.revision}
          roster={roster}
          onSaved={() => {
            say(t('saved'));
            onChanged();
          }}
        />
      </div>
      {doing === 'exception' && (
        <ExceptionForm
          roster={roster}
          onClose={() => setDoing(null)}
          onSaved={() => {
            say(t('saved'));
            setVersion((before) => before + 1);
            setDoing(null);
          }}
        />
      )}
    </Page>
  );
}
