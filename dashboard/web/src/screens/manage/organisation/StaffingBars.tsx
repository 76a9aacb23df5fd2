/** A unit's people against its role set: one bar for each role, one cell for each person wanted. */
import type { RoleSet, Staffing, UnitCard } from '../../../api/organisation';
import { t, titled } from '../../../i18n';
import { roleName } from '../../../state/session';
import { barOf, missingIn, wanted } from '../../../state/staffing';

const MOST_CELLS = 12; // more people than this are a figure, not a row of cells

export function StaffingBars({ unit, roleSets }: { unit: UnitCard; roleSets: readonly RoleSet[] }) {
  const code = unit.role_set ?? unit.role_set_of_level;
  const set = roleSets.find((each) => each.code === code);
  const missing = missingIn(unit.staffing);
  return (
    <section class="staffing" aria-label={t('staffing')} data-testid="staffing">
      <div class="line">
        <h3 class="section-title grow">{t('staffing')}</h3>
        {set && <span class="quiet">{titled(set)}</span>}
      </div>
      {unit.staffing.length === 0 ? (
        <p class="second">{t('staffing.none')}</p>
      ) : (
        <>
          <p class={missing > 0 ? 'staffing-missing' : 'second'}>
            {missing > 0 ? t('staffing.missing', { count: missing }) : t('staffing.full')}
          </p>
          <ul class="stack">
            {unit.staffing.map((row) => (
              <StaffingRow key={row.role} row={row} />
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function StaffingRow({ row }: { row: Staffing }) {
  const bar = barOf(row);
  return (
    <li class="stack-tight">
      <span class="line">
        <span class="grow">{roleName(row.role)}</span>
        <span class={bar.missing > 0 ? 'staffing-missing num' : 'second num'}>{inWords(row)}</span>
      </span>
      <span class="cells" aria-hidden="true">
        {cells(row).map((kind, at) => (
          <span key={at} class={`cell cell-${kind}`} />
        ))}
      </span>
    </li>
  );
}

function cells(row: Staffing): string[] {
  const { filled, missing, room, over } = barOf(row);
  const all = [
    ...Array<string>(filled).fill('filled'),
    ...Array<string>(missing).fill('missing'),
    ...Array<string>(room).fill('room'),
    ...Array<string>(over).fill('over'),
  ];
  return all.length > MOST_CELLS ? all.slice(0, MOST_CELLS) : all;
}

function inWords({ least, most, have }: Staffing): string {
  if (least === 0 && most === null) return t('staffing.optional', { have });
  return t('staffing.of', { have, wanted: wanted(least, most) });
}
