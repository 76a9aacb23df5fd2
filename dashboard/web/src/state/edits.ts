/** Two people edit one thing: what each changed, and what comes of both. Values are compared as JSON. */

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

const fields = <T extends object>(value: T): (keyof T)[] => Object.keys(value) as (keyof T)[];

/** What differs from the base, with its new value. */
export function changes<T extends object>(base: T, after: T): Partial<T> {
  const found: Partial<T> = {};
  for (const field of fields(after)) if (!same(base[field], after[field])) found[field] = after[field];
  return found;
}

export const isChanged = <T extends object>(base: T, after: T): boolean =>
  fields(changes(base, after)).length > 0;

export interface Theirs<T> {
  field: keyof T;
  mine: T[keyof T] | undefined; // undefined: I left it as it was
  theirs: T[keyof T];
}

/** What the other person changed, field by field, beside what I had typed there. */
export function theirChanges<T extends object>(base: T, mine: T, theirs: T): Theirs<T>[] {
  const typed = changes(base, mine);
  return fields(changes(base, theirs)).map((field) => ({
    field,
    mine: typed[field],
    theirs: theirs[field],
  }));
}

/** Theirs, with what I changed on top: what I never touched stays as they saved it. */
export const merged = <T extends object>(base: T, mine: T, theirs: T): T => ({
  ...theirs,
  ...changes(base, mine),
});
