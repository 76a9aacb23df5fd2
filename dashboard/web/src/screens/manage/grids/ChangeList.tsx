/** What is drawn and not published: each grid with what it gains and loses, names for new ones, and what is wrong. */
import { Crosshair, Trash2, TriangleAlert } from 'lucide';
import { useState } from 'preact/hooks';
import type { ChangedGrid, GridChange, GridProblem } from '../../../api/gridsets';
import { Badge } from '../../../design/Badge';
import { Button, SquareButton } from '../../../design/Button';
import { Empty } from '../../../design/Feedback';
import { Checkbox, TextField } from '../../../design/Field';
import { Icon } from '../../../design/Icon';
import { named, number, t } from '../../../i18n';
import { labelPlace } from '../../../map/geometry';
import { isTopAdministrator, levelName } from '../../../state/session';
import {
  changes,
  check,
  chosen,
  forget,
  ground,
  isBusy,
  isCornerOnly,
  isReadOnly,
  leavesById,
  mayMoveBorder,
  nameOf,
  openBorder,
  pending,
  rename,
  report,
} from './editing';
import { drawFor, lookAt } from './GridMap';
import { PublishDialog } from './PublishDialog';

export function ChangeList() {
  const [isPublishing, setPublishing] = useState(false);
  const found = report.value;
  const isSound = found !== null && found.problems.length === 0;
  if (isReadOnly.value) return <Empty title={t('grids.readonly')} />;
  return (
    <>
      <div class="grid-side-body">
        {pending.value.length === 0 && <Nothing />}
        {found && found.problems.length > 0 && <Problems problems={found.problems} />}
        {pending.value.map((change) => (
          <Change
            key={change.unit}
            change={change}
            said={found?.changed.find(({ unit }) => unit === change.unit) ?? null}
          />
        ))}
        {found?.changed.some(({ is_leaf }) => !is_leaf) && <Above changed={found.changed} />}
        <Without />
        {isTopAdministrator() && <CityBorder />}
      </div>
      {pending.value.length > 0 && (
        <footer class="panel-foot grid-side-foot">
          <p class={isSound ? 'grid-verdict' : 'grid-verdict second'} role="status" data-testid="verdict">
            {verdict(found)}
          </p>
          <Button
            look="main"
            disabled={!isSound || isBusy.value}
            onClick={() => setPublishing(true)}
            testId="publish"
          >
            {t('grids.publish')}
          </Button>
          <Button onClick={() => void check()} disabled={isBusy.value} testId="check">
            {t('grids.check')}
          </Button>
          <SquareButton icon={Trash2} label={t('grids.drop')} onClick={forget} />
        </footer>
      )}
      {isPublishing && found && <PublishDialog report={found} onClose={() => setPublishing(false)} />}
    </>
  );
}

function verdict(found: typeof report.value): string {
  if (found === null) return t('grids.unchecked');
  if (found.problems.length > 0) return t('grids.unsound', { count: found.problems.length });
  return t('grids.sound');
}

function Nothing() {
  return <Empty title={t('grids.none')}>{t('grids.none.how')}</Empty>;
}

function Problems({ problems }: { problems: readonly GridProblem[] }) {
  return (
    <ul class="grid-list" aria-label={t('grids.problems')}>
      {problems.map((problem) => (
        <li key={`${problem.word}${problem.place}`}>
          <button type="button" class="row grid-problem" onClick={() => lookAt(problem.place, problem.m2)}>
            <Icon node={TriangleAlert} />
            <span class="grow">
              {problem.message}
              {problem.unit !== null && <span class="quiet"> {nameOf(problem.unit)}</span>}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

const size = (m2: number) => t('grids.m2', { m2: number(m2, Math.abs(m2) < 10 ? 1 : 0) });

function Change({ change, said }: { change: GridChange; said: ChangedGrid | null }) {
  const { unit, area, new: made } = change;
  const isAgainstNothing = unit < 0 && area === null;
  if (isAgainstNothing) return null;
  const leaf = leavesById.value.get(unit);
  return (
    <section class="entry grid-change" data-testid="change">
      <div class="line">
        <strong class="grow clip" title={nameOf(unit)}>
          {nameOf(unit)}
        </strong>
        {made && <Badge tone="good">{t('grids.new')}</Badge>}
        {area === null && <Badge tone="warn">{t('grids.gone')}</Badge>}
        {leaf && (
          <SquareButton
            icon={Crosshair}
            label={t('grids.look', { name: nameOf(unit) })}
            onClick={() => {
              chosen.value = [unit];
              lookAt(labelPlace(leaf.geometry), said?.after_m2 ?? 0);
            }}
          />
        )}
      </div>
      {said && <p class="second num">{isCornerOnly(unit) ? t('grids.corner') : <GainAndLoss of={said} />}</p>}
      {area === null && <p class="field-hint">{t('grids.gone.how')}</p>}
      {made && <NewGridFields unit={unit} said={said} />}
    </section>
  );
}

function NewGridFields({ unit, said }: { unit: number; said: ChangedGrid | null }) {
  const made = changes.value.get(unit)!.new!;
  return (
    <div class="grid-new">
      <TextField
        name={`grid-name${unit}`}
        label={t('grids.name')}
        value={made.name}
        onValue={(name) => rename(unit, { name })}
      />
      <TextField
        name={`grid-name-en${unit}`}
        label={t('grids.name_en')}
        value={made.name_en ?? ''}
        onValue={(name) => rename(unit, { name_en: name || null })}
      />
      <TextField
        name={`grid-code${unit}`}
        label={t('grids.code')}
        value={made.code ?? ''}
        placeholder={said?.code ?? ''}
        hint={t('grids.code.how')}
        onValue={(code) => rename(unit, { code: code || null })}
      />
    </div>
  );
}

function GainAndLoss({ of: { after_m2, gained_m2, lost_m2 } }: { of: ChangedGrid }) {
  return (
    <>
      {size(after_m2)}
      {gained_m2 >= 1 && <span class="grid-gain"> +{number(gained_m2)}</span>}
      {lost_m2 >= 1 && <span> −{number(lost_m2)}</span>}
    </>
  );
}

/** Where the city ends is for those who keep all of it, and only on purpose. */
function CityBorder() {
  return (
    <section class="entry">
      <Checkbox
        name="move-border"
        label={t('grids.border')}
        hint={t('grids.border.how')}
        value={mayMoveBorder.value}
        onValue={openBorder}
      />
    </section>
  );
}

/** Units above the leaves whose border moves with them. */
function Above({ changed }: { changed: readonly ChangedGrid[] }) {
  return (
    <section class="entry">
      <strong>{t('grids.above')}</strong>
      {changed
        .filter(({ is_leaf }) => !is_leaf)
        .map((one) => (
          <p key={one.unit} class="second num">
            {nameOf(one.unit)} <GainAndLoss of={one} />
          </p>
        ))}
    </section>
  );
}

/** Units that have no area yet: one draws them. */
function Without() {
  const without = (ground.value?.without ?? []).filter(({ id }) => !changes.value.has(id));
  if (without.length === 0) return null;
  return (
    <section class="entry">
      <strong>{t('grids.without')}</strong>
      {without.map((unit) => (
        <div key={unit.id} class="line">
          <span class="grow clip">
            {named(unit)} <span class="quiet">{levelName(unit.level)}</span>
          </span>
          <Button onClick={() => drawFor(unit.id)}>{t('grids.draw')}</Button>
        </div>
      ))}
    </section>
  );
}
