/** A field that holds one unit of the tree, found by walking or by typing. */
import { ChevronDown, X } from 'lucide';
import { useMemo, useRef, useState } from 'preact/hooks';
import { SquareButton } from '../../design/Button';
import { describedBy, Frame } from '../../design/Field';
import { Icon } from '../../design/Icon';
import { Tree, type TreeNode } from '../../design/Tree';
import { named, t } from '../../i18n';
import { levelName, me } from '../../state/session';
import { ancestorsOf, branches, shortName, subtreeOf, units, unitsById } from '../../state/units';

const MOST_FOUND = 200;

interface Props {
  name: string;
  label: string;
  value: number | null;
  onValue: (unit: number | null) => void;
  root?: number; // only this unit and those below it; the account's own when not given
  without?: number; // neither this unit nor those below it: where it cannot move to
  isOptional?: boolean;
  placeholder?: string; // while none is chosen
  hint?: string;
  error?: string | null;
}

/** The way down to a unit: `Yuntai District › Heshan Subdistrict`. */
export function unitPath(id: number): string {
  const unit = unitsById.value.get(id);
  if (!unit) return '';
  return [...ancestorsOf(id).slice(1), unit].map(shortName).join(' › ');
}

export function UnitPicker(props: Props) {
  const { name, label, value, onValue, isOptional, hint, error } = props;
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !isOpen) return;
    event.preventDefault();
    event.stopPropagation(); // the drawer stays
    close();
  };
  return (
    <Frame name={name} label={label} hint={hint} error={error}>
      <div class="unit-picker" role="group" aria-label={label} onKeyDown={onKeyDown}>
        <div class="line">
          <button
            ref={button}
            id={name}
            type="button"
            class="input unit-picker-button"
            aria-expanded={isOpen}
            aria-describedby={describedBy(name, hint, error)}
            onClick={() => setOpen(!isOpen)}
          >
            <span class={value === null ? 'grow clip quiet' : 'grow clip'}>
              {value === null ? (props.placeholder ?? t('picker.choose')) : unitPath(value)}
            </span>
            <Icon node={ChevronDown} />
          </button>
          {isOptional && value !== null && (
            <SquareButton icon={X} label={t('picker.clear')} onClick={() => onValue(null)} />
          )}
        </div>
        {isOpen && (
          <Choices
            {...props}
            onValue={(unit) => {
              onValue(unit);
              close();
            }}
          />
        )}
      </div>
    </Frame>
  );
}

/** The folded tree until something is typed, then a flat list of what matches. */
function useNodes({ root, without }: Pick<Props, 'root' | 'without'>, text: string) {
  const top = unitsById.value.get(root ?? me.value?.unit.id ?? 0);
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set(top ? [top.id] : []));
  const barred = useMemo(() => (without === undefined ? new Set<number>() : subtreeOf(without)), [without]);
  const wanted = text.trim().toLowerCase();
  const found = useMemo(() => {
    if (wanted === '' || !top) return null;
    const allowed = top.parent === null ? null : subtreeOf(top.id);
    return (units.value ?? []).filter(
      ({ id, name, name_en, code }) =>
        (allowed?.has(id) ?? true) &&
        !barred.has(id) &&
        [name, name_en ?? '', code].some((part) => part.toLowerCase().includes(wanted)),
    );
  }, [wanted, top?.id, units.value]);
  const fold = (id: number, open: boolean) => {
    const next = new Set(opened);
    if (open) next.add(id);
    else next.delete(id);
    setOpened(next);
  };
  const nodes: TreeNode[] = found
    ? found.slice(0, MOST_FOUND).map(({ id }) => ({
        id,
        depth: 0,
        hasChildren: false,
        isOpen: false,
        label: unitPath(id) || named(unitsById.value.get(id)!),
      }))
    : (top ? branches(top, opened) : [])
        .filter(({ unit }) => !barred.has(unit.id))
        .map(({ unit, ...branch }) => ({ id: unit.id, ...branch, label: shortName(unit) }));
  return { nodes, fold, isCut: (found?.length ?? 0) > MOST_FOUND };
}

function Choices(props: Props & { onValue: (unit: number) => void }) {
  const [text, setText] = useState('');
  const { nodes, fold, isCut } = useNodes(props, text);
  const tree = `${props.name}-tree`;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') document.getElementById(tree)?.focus();
    else if (event.key === 'Enter' && nodes[0] && text.trim() !== '') props.onValue(nodes[0].id);
    else if (event.key !== 'Enter') return;
    event.preventDefault();
  };
  return (
    <div class="unit-picker-choices">
      <input
        name={`${props.name}-find`}
        class="input"
        type="search"
        autocomplete="off"
        aria-label={t('picker.find')}
        placeholder={t('picker.find')}
        value={text}
        ref={focusOnce}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      {nodes.length === 0 ? (
        <p class="notice">{t('picker.none')}</p>
      ) : (
        <Tree
          id={tree}
          label={props.label}
          nodes={nodes}
          chosen={props.value}
          rowPx={32}
          onChoose={props.onValue}
          onFold={fold}
        >
          {(node) => (
            <>
              <span class="grow clip">{node.label}</span>
              <span class="row-end">{levelName(unitsById.value.get(node.id)?.level ?? '')}</span>
            </>
          )}
        </Tree>
      )}
      {isCut && <p class="field-hint">{t('picker.more', { shown: MOST_FOUND })}</p>}
    </div>
  );
}

const focusOnce = (node: HTMLInputElement | null) => node?.focus();
