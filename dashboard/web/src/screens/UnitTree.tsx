import { Info, Plus } from 'lucide';
import { Button, SquareButton } from '../design/Button';
import { Empty, Failure, Skeleton } from '../design/Feedback';
import { PresenceMark } from '../design/Presence';
import { Tree, type TreeNode } from '../design/Tree';
import { named, number, t } from '../i18n';
import { openEmergencies } from '../state/emergencies';
import { counts } from '../state/live';
import { go, openPanel } from '../state/place';
import { me } from '../state/session';
import {
  ancestorsOf,
  branches,
  chosenUnit,
  fold,
  loadUnits,
  openUnits,
  shortName,
  units,
  unitsById,
  unitsError,
} from '../state/units';
import { newAlert } from './keys';

export function UnitTree({ rowPx = 32, onChosen }: { rowPx?: number; onChosen?: () => void }) {
  const unit = chosenUnit.value;
  return (
    <>
      <div class="tree-head">
        <h2 class="grow panel-title">{unit ? named(unit) : ''}</h2>
        <SquareButton
          icon={Info}
          label={t('unit.open')}
          onClick={() => openPanel('unit')}
          testId="open-unit"
        />
      </div>
      <div class="tree-counts stack">
        <UnitCounts />
        {me.value?.account.may_issue && (
          <Button icon={Plus} wide onClick={newAlert} testId="new-alert">
            {t('compose.new')} <kbd>A</kbd>
          </Button>
        )}
      </div>
      <Units rowPx={rowPx} onChosen={onChosen} />
    </>
  );
}

/** On-line, silent and off-line people, and those on duty, of the unit in view, as the live channel counts them. */
export function UnitCounts() {
  const now = counts.value;
  const states = [
    ['online', 'fresh', now?.online],
    ['silent', 'silent', now?.silent],
    ['offline', 'offline', now?.offline],
  ] as const;
  return (
    <>
      <div class="figures">
        {states.map(([name, mark, value]) => (
          <div key={name} class="figure">
            <span class="figure-value" data-testid={`count-${name}`}>
              {value === undefined ? '–' : number(value)}
            </span>
            <span class="figure-name">
              <PresenceMark state={mark} />
              <span aria-hidden="true">{t(`counts.${name}`)}</span>
            </span>
          </div>
        ))}
      </div>
      <p class="line">
        <span class="second">{t('counts.duty')}</span>
        <strong class="num" data-testid="count-duty">
          {now === null ? '–' : number(now.on_duty)}
        </strong>
      </p>
    </>
  );
}

function Units({ rowPx, onChosen }: { rowPx: number; onChosen?: () => void }) {
  if (units.value === null) {
    if (unitsError.value)
      return <Failure what={t('tree')} error={unitsError.value} onRetry={() => void loadUnits()} />;
    return <Skeleton label={t('tree')} />;
  }
  const root = units.value.find((unit) => unit.id === me.value?.unit.id) ?? units.value[0];
  if (!root) return <Empty title={t('tree.none')}>{t('tree.none.how')}</Empty>;
  const rows = branches(root, openUnits.value);
  const onDuty = onDutyByUnit();
  const troubled = new Set(
    openEmergencies.value.flatMap(({ member }) => {
      const unit = member?.unit?.id;
      return unit === undefined ? [] : [unit, ...ancestorsOf(unit).map(({ id }) => id)];
    }),
  );
  const nodes: TreeNode[] = rows.map(({ unit, depth, isOpen, hasChildren }) => ({
    id: unit.id,
    depth,
    isOpen,
    hasChildren,
    label: shortName(unit),
  }));
  return (
    <Tree
      label={t('tree')}
      nodes={nodes}
      chosen={chosenUnit.value?.id ?? null}
      rowPx={rowPx}
      onFold={fold}
      onChoose={(id) => {
        go({ unit: id });
        onChosen?.();
      }}
    >
      {(node) => {
        const unit = unitsById.value.get(node.id);
        const present = onDuty(node.id);
        return (
          <>
            <span class="grow clip">{node.label}</span>
            {troubled.has(node.id) && <PresenceMark state="fresh" sos />}
            <span class="row-end">
              {present === null ? '' : `${number(present)} / `}
              {number(unit?.members ?? 0)}
            </span>
          </>
        );
      }}
    </Tree>
  );
}

/** People on duty by unit: live for the unit in view, else the tree's own figures. */
function onDutyByUnit(): (unit: number) => number | null {
  const now = counts.value;
  return (unit) => (now?.unit === unit ? now.on_duty : (unitsById.value.get(unit)?.on_duty ?? null));
}
