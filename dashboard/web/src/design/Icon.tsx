import type { IconNode } from 'lucide';
import { createElement } from 'preact';

interface Props {
  node: IconNode;
  size?: 16 | 20;
  title?: string;
}

/** An icon of the one set; without a title it stands beside its label and is not read out. */
export function Icon({ node, size = 16, title }: Props) {
  const named = title ? ({ role: 'img', 'aria-label': title } as const) : ({ 'aria-hidden': true } as const);
  return (
    // biome-ignore lint/a11y/noSvgWithoutTitle: named by aria-label, or hidden beside its label
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      stroke-linejoin="round"
      {...named}
    >
      {node.map(([tag, attributes], at) => createElement(tag, { ...attributes, key: at }))}
    </svg>
  );
}
