/** Writing a warning: level, where, words; who would be told, live; and then told. */
import { Send, X } from 'lucide';
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { ApiError } from '../api/errors';
import type { LevelColour } from '../api/types';
import { Button, SquareButton } from '../design/Button';
import { explain } from '../design/Feedback';
import { Checkbox, Select, TextField } from '../design/Field';
import { FormError } from '../design/FormError';
import { LEVELS } from '../design/levels';
import { Panel, Section } from '../design/Panel';
import { say } from '../design/Toast';
import { named, t, tWord } from '../i18n';
import { loadAlerts } from '../state/alerts';
import { nowMs } from '../state/clock';
import {
  change,
  type Draft,
  draft,
  saveDraft,
  send,
  startDraft,
  toggleTarget,
  toggleTeam,
} from '../state/compose';
import { cancel, clear, hand, outline, purpose } from '../state/outline';
import { openAlert, openPanel } from '../state/place';
import { levelName, me } from '../state/session';
import { localText } from '../state/spans';
import { units, unitsById } from '../state/units';
import { AreaChoice } from './AreaChoice';
import { AudiencePreview, usePreview } from './AudiencePreview';
import { EVENTS } from './events';
import { LevelChoice } from './LevelChoice';
import { TargetPicker } from './TargetPicker';
import { TeamChoice } from './TeamChoice';

const HEADLINE_MAX = 120;
const TEXT_MAX = 2000;

export function ComposePanel() {
  useEffect(() => {
    if (!draft.value) startDraft();
  }, []);
  return draft.value ? <Compose now={draft.value} /> : null;
}

function Compose({ now }: { now: Draft }) {
  const preview = usePreview(now);
  const title = t(now.saved ? 'compose.edit' : 'compose.new');
  return (
    <Panel
      title={title}
      label={title}
      onClose={() => openPanel('alerts')}
      foot={<SendButtons now={now} audience={preview.value?.allowed ? preview.value.total : null} />}
    >
      <Section title={t('level')}>
        <LevelChoice name="level" value={now.level} onValue={(level) => change({ level })} />
      </Section>
      <Section title={t('compose.where')}>
        <Targets targets={now.targets} />
        <TargetPicker chosen={now.targets} onToggle={toggleTarget} />
        <Area area={now.area} />
      </Section>
      <TeamChoice chosen={now.teams} onToggle={toggleTeam} />
      <Section title={t('compose.words')}>
        <Words now={now} />
      </Section>
      <Section title={t('compose.audience')}>
        <AudiencePreview now={now} preview={preview} />
      </Section>
    </Panel>
  );
}

function Targets({ targets }: { targets: number[] }) {
  if (targets.length === 0) return <p class="second">{t('compose.where.how')}</p>;
  return (
    <div class="chips" data-testid="targets">
      {targets.map((id) => {
        const unit = unitsById.value.get(id);
        const name = unit ? named(unit) : String(id);
        return (
          <span key={id} class="chip">
            <span class="clip">{name}</span>
            <SquareButton icon={X} label={t('compose.remove', { name })} onClick={() => toggleTarget(id)} />
          </span>
        );
      })}
    </div>
  );
}

/** Our events; and the word of another service, where the draft was made of its message. */
function eventsFor(chosen: string): (readonly [string, string])[] {
  const ours = EVENTS.map((event) => [event, t(`event.${event}`)] as const);
  return ours.some(([event]) => event === chosen) ? ours : [...ours, [chosen, tWord('event', chosen)]];
}

/** Beside the units: whoever is inside the area now is told, too. */
function Area({ area }: { area: Draft['area'] }) {
  useLayoutEffect(() => {
    purpose.value = 'warning';
    return () => {
      cancel();
      purpose.value = 'history';
    };
  }, []);
  const isOnlyGiven = area !== null && outline.value === null && hand.value === 'off';
  return (
    <>
      <AreaChoice
        name="warned"
        label={t('compose.area')}
        without={t(isOnlyGiven ? 'compose.area.parts' : 'compose.area.none')}
        back={t('compose.area.clear')}
        next="expires"
      />
      {isOnlyGiven && (
        <div>
          <Button icon={X} onClick={clear} testId="warned-clear">
            {t('compose.area.clear')}
          </Button>
        </div>
      )}
    </>
  );
}

const isOver = ({ expires_at }: Draft): boolean =>
  expires_at !== null && Date.parse(expires_at) <= nowMs.value;

/** The field keeps what is typed: half of a date is no moment yet. */
function End({ now }: { now: Draft }) {
  const [text, setText] = useState(() => (now.expires_at ? localText(Date.parse(now.expires_at)) : ''));
  const take = (typed: string) => {
    setText(typed);
    change({ expires_at: typed ? new Date(typed).toISOString() : null });
  };
  return (
    <TextField
      name="expires"
      label={t('compose.expires')}
      hint={t('compose.expires.how')}
      type="datetime-local"
      value={text}
      min={localText(nowMs.value)}
      onValue={take}
      error={isOver(now) ? t('compose.expires.past') : null}
    />
  );
}

function Words({ now }: { now: Draft }) {
  const levels = new Set((units.value ?? []).map(({ level }) => level));
  const depths = (me.value?.levels ?? []).filter(
    ({ code, rank }) => levels.has(code) && rank > 0 && code !== 'department',
  );
  return (
    <>
      <Select
        name="event"
        label={t('compose.event')}
        value={now.event}
        onValue={(event) => change({ event })}
        options={eventsFor(now.event)}
      />
      <TextField
        name="headline"
        label={t('compose.headline')}
        value={now.headline}
        onValue={(headline) => change({ headline })}
        maxLength={HEADLINE_MAX}
        placeholder={t('compose.headline.example')}
        required
      />
      <TextField
        name="description"
        label={t('compose.description')}
        value={now.description}
        onValue={(description) => change({ description })}
        maxLength={TEXT_MAX}
        rows={4}
        required
      />
      <TextField
        name="instruction"
        label={t('compose.instruction')}
        value={now.instruction}
        onValue={(instruction) => change({ instruction })}
        maxLength={TEXT_MAX}
        rows={2}
      />
      <Select
        name="depth"
        label={t('compose.depth')}
        value={now.depth ?? ''}
        onValue={(depth) => change({ depth: depth || null })}
        options={[
          ['', t('compose.depth.all')],
          ...depths.map(({ code }) => [code, levelName(code)] as const),
        ]}
      />
      <End key={now.id} now={now} />
      <Checkbox
        name="drill"
        label={t('compose.drill')}
        value={now.is_drill}
        onValue={(drill) => change({ is_drill: drill })}
      />
    </>
  );
}

const isWritten = (now: Draft): boolean => now.headline.trim() !== '' && now.description.trim() !== '';

/** Why it cannot go out yet, in one line; null: it can, or is being counted, or the preview says why not. */
function missing(now: Draft, audience: number | null): string | null {
  if (hand.value !== 'off') return t('compose.missing.drawing');
  if (now.targets.length === 0) return t('compose.missing.where');
  if (isOver(now)) return t('compose.expires.past');
  if (audience === 0) return t('compose.missing.people');
  return isWritten(now) ? null : t('compose.missing.words');
}

/** Blue and yellow go out at once; orange and red want a second person, or an override that is logged with its reason. */
function SendButtons({ now, audience }: { now: Draft; audience: number | null }) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [override, setOverride] = useState<string | null>(null);
  const lack = missing(now, audience);
  const isReady = lack === null && audience !== null && !isBusy;

  const run = async (
    work: () => Promise<string | null>,
    done: 'done.issue' | 'done.submit' | 'done.save',
  ) => {
    setBusy(true);
    setError(null);
    try {
      const id = await work();
      say(t(done));
      void loadAlerts();
      if (id) openAlert(id);
      else openPanel('alerts');
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  const go = (move: 'issue' | 'submit', reason?: string) =>
    void run(
      async () => (await send(move, reason))?.id ?? null,
      move === 'issue' ? 'done.issue' : 'done.submit',
    );
  const needsSecond = LEVELS[now.level].wantsSecondPerson;

  return (
    <div class="stack grow">
      {error !== null && <Refused error={error} id={now.id} />}
      {override !== null && (
        <TextField
          name="override"
          label={t('note.override')}
          value={override}
          onValue={setOverride}
          rows={2}
          autofocus
        />
      )}
      {lack && (
        <p class={audience === 0 ? 'field-error' : 'second'} role="status" data-testid="lack">
          {lack}
        </p>
      )}
      {needsSecond && override === null ? (
        <div class="line">
          <Button look="main" icon={Send} disabled={!isReady} onClick={() => go('submit')} testId="submit">
            {t('move.submit')}
          </Button>
          <Button disabled={!isReady} onClick={() => setOverride('')} testId="override">
            {t('move.override')}
          </Button>
        </div>
      ) : (
        <IssueButton
          level={now.level}
          audience={audience}
          isReady={isReady && (override === null || override.trim() !== '')}
          onPress={() => go('issue', override ?? undefined)}
        />
      )}
      <Button
        look="plain"
        disabled={now.targets.length === 0 || now.headline.trim() === '' || isBusy}
        onClick={() => void run(() => saveDraft().then(() => null), 'done.save')}
      >
        {t('compose.save')}
      </Button>
    </div>
  );
}

/** Somebody else's change is not written over: what is typed stays until it was looked at. */
function Refused({ error, id }: { error: unknown; id: string }) {
  if (!isConflict(error)) return <FormError error={error} />;
  return (
    <div class="field-error stack-tight" role="alert" data-testid="compose-conflict">
      <p>{`${t('compose.conflict')} ${explain(error)}`}</p>
      <div>
        <Button onClick={() => openAlert(id)} testId="compose-theirs">
          {t('compose.theirs')}
        </Button>
      </div>
    </div>
  );
}

const isConflict = (error: unknown): boolean => error instanceof ApiError && error.kind === 'conflict';

interface IssueProps {
  level: LevelColour;
  audience: number | null;
  isReady: boolean;
  onPress: () => void;
}

function IssueButton({ level, audience, isReady, onPress }: IssueProps) {
  return (
    <Button icon={Send} level={level} wide large disabled={!isReady} onClick={onPress} testId="issue">
      {audience === null || audience === 0 ? t('move.issue') : t('consequence.tell', { count: audience })}
    </Button>
  );
}
