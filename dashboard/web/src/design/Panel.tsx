import { ArrowLeft, X } from 'lucide';
import type { ComponentChildren } from 'preact';
import { t } from '../i18n';
import { SquareButton } from './Button';

interface Props {
  title: ComponentChildren;
  label: string;
  onClose?: () => void;
  onBack?: () => void;
  tools?: ComponentChildren;
  foot?: ComponentChildren;
  flush?: boolean; // the children scroll by themselves
  children: ComponentChildren;
}

export function Panel({ title, label, onClose, onBack, tools, foot, flush, children }: Props) {
  return (
    <section class="panel" aria-label={label}>
      <header class="panel-head">
        {onBack && <SquareButton icon={ArrowLeft} label={t('back')} onClick={onBack} />}
        <h2 class="panel-title grow clip">{title}</h2>
        {tools}
        {onClose && <SquareButton icon={X} label={t('close')} onClick={onClose} />}
      </header>
      <div class={flush ? 'panel-body panel-body-flush' : 'panel-body'} tabIndex={flush ? undefined : 0}>
        {children}
      </div>
      {foot && <footer class="panel-foot">{foot}</footer>}
    </section>
  );
}

export function Section({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="section">
      <h3 class="section-title">{title}</h3>
      {children}
    </section>
  );
}

export function Facts({
  rows,
}: {
  rows: readonly (readonly [name: string, value: ComponentChildren] | null)[];
}) {
  return (
    <dl class="facts">
      {rows.map(
        (row) =>
          row && (
            <>
              <dt>{row[0]}</dt>
              <dd>{row[1]}</dd>
            </>
          ),
      )}
    </dl>
  );
}
