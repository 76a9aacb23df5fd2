/** Which files, and how they are to be read. */
import { FileUp, X } from 'lucide';
import { useRef, useState } from 'preact/hooks';
import type { Wishes } from '../../../api/imports';
import { Button, SquareButton } from '../../../design/Button';
import { Checkbox, Select, TextField } from '../../../design/Field';
import { Icon } from '../../../design/Icon';
import { number, t } from '../../../i18n';

const ACCEPTED = '.csv,.tsv,.txt,.geojson,.json,.fgb,.shp,.shx,.dbf,.prj,.cpg';
const KIB = 1024;

interface Props {
  files: readonly File[];
  onFiles: (files: readonly File[]) => void;
  wishes: Wishes;
  onWishes: (wishes: Wishes) => void;
  isBusy: boolean;
  onCheck: () => void;
}

export function Choice({ files, onFiles, wishes, onWishes, isBusy, onCheck }: Props) {
  const add = (more: Iterable<File>) => {
    const byName = new Map([...files, ...more].map((file) => [file.name, file]));
    onFiles([...byName.values()]);
  };
  return (
    <section class="intake-part" aria-label={t('imports.files')}>
      <DropZone onFiles={add} />
      {files.length > 0 && (
        <ul class="intake-files" aria-label={t('imports.files')}>
          {files.map((file) => (
            <li key={file.name}>
              <span class="grow mono">{file.name}</span>
              <span class="quiet num">{number(Math.ceil(file.size / KIB))} KiB</span>
              <SquareButton
                icon={X}
                label={t('imports.remove', { name: file.name })}
                onClick={() => onFiles(files.filter((other) => other !== file))}
              />
            </li>
          ))}
        </ul>
      )}
      <p class="second">{t('imports.whole')}</p>
      <WishFields wishes={wishes} onWishes={onWishes} />
      <div>
        <Button look="main" disabled={files.length === 0 || isBusy} onClick={onCheck} testId="import-check">
          {t('imports.check')}
        </Button>
      </div>
    </section>
  );
}

function DropZone({ onFiles }: { onFiles: (files: Iterable<File>) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the button inside does the same by keyboard
    <div
      class="intake-drop"
      data-over={isOver || undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        onFiles(event.dataTransfer?.files ?? []);
      }}
    >
      <Icon node={FileUp} size={20} />
      <p class="line-wrap">
        {t('imports.drop')}
        <Button onClick={() => input.current?.click()}>{t('imports.choose')}</Button>
      </p>
      <p class="quiet">{t('imports.kinds')}</p>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        accept={ACCEPTED}
        aria-label={t('imports.choose')}
        data-testid="import-files"
        onChange={(event) => {
          onFiles(event.currentTarget.files ?? []);
          event.currentTarget.value = '';
        }}
      />
    </div>
  );
}

function WishFields({ wishes, onWishes }: Pick<Props, 'wishes' | 'onWishes'>) {
  const set = (change: Partial<Wishes>) => onWishes({ ...wishes, ...change });
  return (
    <fieldset class="plain-set intake-options">
      <legend class="section-title">{t('imports.options')}</legend>
      <Select
        name="import-encoding"
        label={t('imports.encoding')}
        value={wishes.encoding}
        onValue={(encoding) => set({ encoding: encoding as Wishes['encoding'] })}
        options={(['auto', 'utf-8', 'gbk'] as const).map(
          (each) => [each, t(`imports.encoding.${each}`)] as const,
        )}
      />
      <TextField
        name="import-crs"
        label={t('imports.crs')}
        hint={t('imports.crs.hint')}
        value={wishes.crs}
        maxLength={100}
        onValue={(crs) => set({ crs })}
      />
      <TextField
        name="import-effect"
        type="datetime-local"
        label={t('imports.effect')}
        hint={t('imports.effect.hint')}
        value={wishes.takesEffectAt}
        onValue={(takesEffectAt) => set({ takesEffectAt })}
      />
      <Checkbox
        name="import-gcj02"
        label={t('imports.gcj02')}
        hint={t('imports.gcj02.hint')}
        value={wishes.gcj02}
        onValue={(gcj02) => set({ gcj02 })}
      />
    </fieldset>
  );
}
