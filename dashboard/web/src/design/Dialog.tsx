import { X } from 'lucide';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../i18n';
import { SquareButton } from './Button';

interface Props {
  title: string;
  onClose: () => void;
  foot?: ComponentChildren;
  children: ComponentChildren;
}

/** A modal on the platform's own element: focus stays inside, Escape closes. */
export function Dialog({ title, onClose, foot, children }: Props) {
  const node = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = node.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={node}
      class="dialog"
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <div class="dialog-head">
        <h2 class="panel-title grow">{title}</h2>
        <SquareButton icon={X} label={t('close')} onClick={onClose} />
      </div>
      <div class="dialog-body">{children}</div>
      {foot && <div class="dialog-foot">{foot}</div>}
    </dialog>
  );
}
