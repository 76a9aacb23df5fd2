/** The grid map's editor: the grids of one unit on the map, what changes beside it, and the versions there are. */
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../../api/errors';
import { Failure } from '../../design/Feedback';
import { Page } from '../../design/Page';
import { Tabs } from '../../design/Tabs';
import { t } from '../../i18n';
import { newestGridSet } from '../../state/live';
import { go, place } from '../../state/place';
import { me } from '../../state/session';
import { ChangeList } from './grids/ChangeList';
import { ground, groundError, load, noticeNewer, pending, viewed } from './grids/editing';
import { GridMap } from './grids/GridMap';
import { Overtaken } from './grids/Overtaken';
import { TooMany } from './grids/TooMany';
import { VersionList } from './grids/VersionList';
import { newest } from './grids/versions';
import { UnitPicker } from './UnitPicker';

type Tab = 'changes' | 'versions';

const isTooMany = (error: unknown) => error instanceof ApiError && error.word === 'too_many';

const leave = () => {
  viewed.value = null;
};

export function GridsSection() {
  const [tab, setTab] = useState<Tab>('changes');
  const unit = place.value.unit ?? me.value?.unit.id ?? 0;
  const shown = viewed.value;
  useEffect(() => void load(unit), [unit, shown, newest.value]);
  useEffect(() => leave, []);
  const latest = newestGridSet.value;
  useEffect(() => {
    if (latest > 0) void noticeNewer(unit, latest);
  }, [latest]);
  const version = ground.value?.version;
  return (
    <Page
      title={t('section.grids')}
      note={version === undefined ? t('section.grids.note') : t('grids.on', { version })}
      filters={
        <div class="unit-filter">
          <UnitPicker
            name="grids-unit"
            label={t('grids.unit')}
            value={unit}
            onValue={(next) => go({ unit: next })}
          />
        </div>
      }
    >
      <div class="grid-editor">
        <GridMap />
        <aside class="grid-side" aria-label={t('panel')}>
          <Tabs
            label={t('panels')}
            tabs={[
              ['changes', t('grids.changes', { count: pending.value.length })],
              ['versions', t('grids.versions')],
            ]}
            chosen={tab}
            onChoose={setTab}
          />
          {tab === 'changes' && isTooMany(groundError.value) ? (
            <TooMany unit={unit} />
          ) : groundError.value && tab === 'changes' ? (
            <Failure what={t('section.grids')} error={groundError.value} onRetry={() => void load(unit)} />
          ) : tab === 'changes' ? (
            <>
              <Overtaken />
              <ChangeList />
            </>
          ) : (
            <VersionList />
          )}
        </aside>
      </div>
    </Page>
  );
}
