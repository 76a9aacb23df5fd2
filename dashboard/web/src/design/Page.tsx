import type { ComponentChildren } from 'preact';

interface Props {
  title: ComponentChildren;
  note?: ComponentChildren; // one line on what this is
  tools?: ComponentChildren; // what can be done here, at the right of the title
  filters?: ComponentChildren; // one row of fields
  foot?: ComponentChildren;
  children: ComponentChildren; // scrolls by itself (a Table does), or is a map that fills its box
}

/** How a section of Manage stands: title and tools, filters, the content with all the room, a foot. */
export function Page({ title, note, tools, filters, foot, children }: Props) {
  return (
    <div class="page">
      <header class="page-head">
        <div class="grow">
          <h2 class="page-title">{title}</h2>
          {note && <p class="second">{note}</p>}
        </div>
        {tools && <div class="line-wrap">{tools}</div>}
      </header>
      {filters && <div class="page-filters">{filters}</div>}
      <div class="page-body">{children}</div>
      {foot && <footer class="page-foot">{foot}</footer>}
    </div>
  );
}
