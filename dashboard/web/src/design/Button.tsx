import type { IconNode } from 'lucide';
import type { ComponentChildren, JSX } from 'preact';
import type { LevelColour } from '../api/types';
import { Icon } from './Icon';

interface Props extends Omit<JSX.IntrinsicElements['button'], 'icon' | 'size' | 'ref'> {
  icon?: IconNode;
  look?: 'normal' | 'main' | 'plain';
  wide?: boolean;
  large?: boolean;
  level?: LevelColour;
  testId?: string;
  children?: ComponentChildren;
}

export function Button({ icon, look = 'normal', wide, large, level, testId, children, ...rest }: Props) {
  const classes = ['button', `button-${look}`];
  if (wide) classes.push('button-wide');
  if (large) classes.push('button-large');
  return (
    <button type="button" class={classes.join(' ')} data-level={level} data-testid={testId} {...rest}>
      {icon && <Icon node={icon} size={large ? 20 : 16} />}
      {children}
    </button>
  );
}

interface SquareProps extends Omit<Props, 'children' | 'icon' | 'title'> {
  icon: IconNode;
  label: string;
}

/** A button that shows only an icon: its label is its name and its title. */
export function SquareButton({ icon, label, look = 'plain', testId, ...rest }: SquareProps) {
  return (
    <button
      type="button"
      class={`button button-square button-${look}`}
      aria-label={label}
      title={label}
      data-testid={testId}
      {...rest}
    >
      <Icon node={icon} />
    </button>
  );
}
