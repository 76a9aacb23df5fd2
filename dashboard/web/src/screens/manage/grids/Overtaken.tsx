/** Somebody else made a grid set while this one is drawn: said at once, with what becomes of the drawing. */
import { Button } from '../../../design/Button';
import { t } from '../../../i18n';
import { disputed, nameOf, overtaken, pending, takeNewer } from './editing';

export function Overtaken() {
  const newer = overtaken.value;
  if (newer === null) return null;
  const names = disputed.value.map(nameOf).join(t('list.comma'));
  const isDrawn = pending.value.length > 0;
  return (
    <section class="entry grid-overtaken" role="status" data-testid="overtaken">
      <strong>{t('grids.overtaken', { version: newer.version })}</strong>
      <p class="second">
        {!isDrawn
          ? t('grids.overtaken.nothing')
          : names
            ? t('grids.overtaken.disputed', { names })
            : t('grids.overtaken.kept')}
      </p>
      <div>
        <Button onClick={takeNewer} testId="take-newer">
          {t(names ? 'grids.overtaken.drop' : isDrawn ? 'grids.overtaken.keep' : 'grids.overtaken.load')}
        </Button>
      </div>
    </section>
  );
}
