/** All of the city as one archive, in the form that the import reads. */
import { Download } from 'lucide';
import { exportAddress, FORMATS } from '../../../api/imports';
import { Icon } from '../../../design/Icon';
import { t } from '../../../i18n';

export function Export() {
  return (
    <>
      <span class="second" title={t('imports.export.note')}>
        {t('imports.export')}
      </span>
      {FORMATS.map((format) => (
        <a
          key={format}
          class="button button-normal"
          href={exportAddress(format)}
          download="city.zip"
          title={t('imports.export.note')}
        >
          <Icon node={Download} />
          {t(`imports.export.${format}`)}
        </a>
      ))}
    </>
  );
}
