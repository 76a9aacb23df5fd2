/** One text that came in: who wrote it, where it is about, and what can be made of it. */
import { Siren, TriangleAlert } from 'lucide';
import { useState } from 'preact/hooks';
import { getOneInbound, type Inbound, liftStop, openTextCase } from '../../../api/inbound';
import type { Named } from '../../../api/types';
import { Badge } from '../../../design/Badge';
import { Button } from '../../../design/Button';
import { Drawer } from '../../../design/Drawer';
import { Failure, Skeleton } from '../../../design/Feedback';
import { Facts, Section } from '../../../design/Panel';
import { say, sayFailed } from '../../../design/Toast';
import { named, t, time } from '../../../i18n';
import { useFetched } from '../../../state/async';
import { textCases } from '../../../state/cases';
import { nowMs } from '../../../state/clock';
import { go, openAlert, openItem, openMember } from '../../../state/place';
import { can, unitOf } from '../../../state/session';
import { UnitPicker } from '../UnitPicker';
import { InboundBadges, placeOf, writerOf } from './inbound-words';
import { Bubble, phoneOf } from './words';

const EVERY_MS = 10_000;

export function InboundDrawer({ id, onChanged }: { id: number; onChanged: () => void }) {
  const { value, error, reload } = useFetched(`inbound ${id}`, () => getOneInbound(id), EVERY_MS);
  const close = () => openItem(null);
  const title = value ? writerOf(value) : t('sms.message');
  if (!value)
    return (
      <Drawer title={title} label={t('sms.message')} onClose={close}>
        {error ? (
          <Failure what={t('sms.message')} error={error} onRetry={reload} />
        ) : (
          <Skeleton label={t('sms.message')} />
        )}
      </Drawer>
    );
  const changed = () => {
    reload();
    onChanged();
    void textCases.load();
  };
  return (
    <Drawer title={title} label={t('sms.message')} onClose={close}>
      <p class="line-wrap">
        <InboundBadges row={value} />
        {value.is_stopped && value.kind !== 'stop' && <Badge tone="warn">{t('inbound.stopped')}</Badge>}
      </p>
      <Bubble text={value.text} label={t(`inbound.kind.${value.kind}`)} />
      <AboutIt row={value} />
      {value.kind === 'acknowledgement' && value.alert && <Acknowledged alert={value.alert} />}
      {value.kind === 'text' && <CasePart row={value} onChanged={changed} />}
      {value.is_stopped && <StopPart row={value} onChanged={changed} />}
    </Drawer>
  );
}

function AboutIt({ row }: { row: Inbound }) {
  const { member, place } = row;
  return (
    <Facts
      rows={[
        [
          t('inbound.from'),
          member ? (
            <button type="button" class="link" onClick={() => openMember(member.id)}>
              {member.name}
            </button>
          ) : (
            t('inbound.unknown')
          ),
        ],
        [
          t('sms.address'),
          <a class="num" href={`tel:${row.number}`}>
            {phoneOf(row.number)}
          </a>,
        ],
        row.unit ? [t('filter.unit'), named(row.unit)] : null,
        [t('inbound.at'), <time class="num">{time(row.at, nowMs.value)}</time>],
        [t('inbound.gateway'), row.gateway],
        row.destination ? [t('inbound.to'), <span class="num">{row.destination}</span>] : null,
        place ? [t('inbound.place'), placeOf(row)] : null,
        place?.said ? [t('inbound.place.by'), `${t(`inbound.by.${place.by}`)} ${place.said}`] : null,
      ]}
    />
  );
}

function Acknowledged({ alert }: { alert: NonNullable<Inbound['alert']> }) {
  return (
    <Section title={t('inbound.acknowledges')}>
      <p>{alert.headline}</p>
      <Button icon={TriangleAlert} onClick={() => openAlert(alert.id)} testId="inbound-alert">
        {t('outbox.alert')}
      </Button>
    </Section>
  );
}

interface Part {
  row: Inbound;
  onChanged: () => void;
}

/** The case it is in, or the ways to make one: where it is about, one of several places, or one that is chosen. */
function CasePart({ row, onChanged }: Part) {
  const [unit, setUnit] = useState<number | null>(row.place?.unit?.id ?? row.unit?.id ?? null);
  if (row.case)
    return (
      <Section title={t('textcase')}>
        <p>
          {row.case.unit ? named(row.case.unit) : t('inbound.place.elsewhere')} ·{' '}
          {t(row.case.is_open ? 'inbound.case.open' : 'inbound.case.closed')}
        </p>
        {row.case.unit && (
          <Button icon={Siren} onClick={() => go({ panel: 'cases', manage: null })} testId="inbound-case">
            {t('textcase.show')}
          </Button>
        )}
      </Section>
    );
  if (!can('dispatcher')) return null;
  const make = (where: number) =>
    openTextCase(row.id, where).then(
      (made) => {
        say(t('textcase.opened', { unit: made.case?.unit ? named(made.case.unit) : '' }));
        onChanged();
      },
      (failure) => sayFailed(t('textcase.open'), failure),
    );
  return (
    <Section title={t('textcase')}>
      {row.candidates.length > 0 && (
        <Candidates units={row.candidates} onChoose={(where) => void make(where)} />
      )}
      <UnitPicker
        name="text-case-unit"
        label={t('textcase.where')}
        root={unitOf('dispatcher')?.id}
        value={unit}
        onValue={setUnit}
      />
      <Button
        icon={Siren}
        look="main"
        disabled={unit === null}
        onClick={() => unit !== null && void make(unit)}
        testId="open-text-case"
      >
        {t('textcase.open')}
      </Button>
    </Section>
  );
}

function Candidates({ units, onChoose }: { units: readonly Named[]; onChoose: (unit: number) => void }) {
  return (
    <div class="chips" role="group" aria-label={t('inbound.candidates')} data-testid="candidates">
      <span class="second">{t('inbound.candidates')}</span>
      {units.map((unit) => (
        <button key={unit.id} type="button" class="chip chip-put" onClick={() => onChoose(unit.id)}>
          {named(unit)}
        </button>
      ))}
    </div>
  );
}

function StopPart({ row, onChanged }: Part) {
  const lift = () =>
    liftStop(row.id).then(
      () => {
        say(t('inbound.lifted', { number: phoneOf(row.number) }));
        onChanged();
      },
      (failure) => sayFailed(t('inbound.lift'), failure),
    );
  return (
    <Section title={t('inbound.stopped')}>
      <p>{t('inbound.stopped.how')}</p>
      {can('administrator') && (
        <Button onClick={() => void lift()} testId="lift-stop">
          {t('inbound.lift')}
        </Button>
      )}
    </Section>
  );
}
