import type { ComponentChildren } from 'preact';

interface Common {
  name: string;
  label: string;
  hint?: string;
  error?: string | null;
}

interface TextProps extends Common {
  value: string;
  onValue: (value: string) => void;
  type?: 'text' | 'password' | 'search' | 'tel' | 'number' | 'date' | 'time' | 'datetime-local';
  inputMode?: 'numeric' | 'tel' | 'text';
  min?: string | number;
  max?: string | number;
  disabled?: boolean;
  readOnly?: boolean;
  rows?: number;
  required?: boolean;
  autocomplete?: string;
  placeholder?: string;
  maxLength?: number;
  autofocus?: boolean;
}

export const describedBy = (name: string, hint?: string, error?: string | null): string | undefined =>
  [hint && `${name}-hint`, error && `${name}-error`].filter(Boolean).join(' ') || undefined;

export function Frame({ name, label, hint, error, children }: Common & { children: ComponentChildren }) {
  return (
    <div class="field">
      <label class="field-label" for={name}>
        {label}
      </label>
      {children}
      {hint && (
        <span class="field-hint" id={`${name}-hint`}>
          {hint}
        </span>
      )}
      {error && (
        <span class="field-error" id={`${name}-error`} role="alert">
          {error}
        </span>
      )}
    </div>
  );
}

const focusOnce = (node: HTMLInputElement | null) => node?.focus();

/** One line of text, or several when `rows` is given. */
export function TextField({ rows, onValue, autofocus, label, hint, error, ...rest }: TextProps) {
  const shared = {
    id: rest.name,
    class: 'input',
    'aria-invalid': error ? true : undefined,
    'aria-describedby': describedBy(rest.name, hint, error),
  };
  const take = (event: Event) => onValue((event.currentTarget as HTMLInputElement).value);
  return (
    <Frame name={rest.name} label={label} hint={hint} error={error}>
      {rows ? (
        <textarea {...shared} rows={rows} onInput={take} {...rest} />
      ) : (
        <input {...shared} onInput={take} ref={autofocus ? focusOnce : null} {...(rest as object)} />
      )}
    </Frame>
  );
}

/** Several lines of text. */
export const TextArea = ({ rows = 3, ...rest }: TextProps) => <TextField rows={rows} {...rest} />;

interface SelectProps extends Common {
  value: string;
  onValue: (value: string) => void;
  options: readonly (readonly [value: string, label: string])[];
  bare?: boolean; // the label is only read out: for rows of filters
  disabled?: boolean;
}

export function Select({ value, onValue, options, label, hint, error, name, bare, disabled }: SelectProps) {
  const select = (
    <select
      id={name}
      name={name}
      class="input"
      value={value}
      disabled={disabled}
      aria-label={bare ? label : undefined}
      aria-describedby={describedBy(name, hint, error)}
      onChange={(event) => onValue(event.currentTarget.value)}
    >
      {options.map(([option, text]) => (
        <option key={option} value={option}>
          {text}
        </option>
      ))}
    </select>
  );
  if (bare) return select;
  return (
    <Frame name={name} label={label} hint={hint} error={error}>
      {select}
    </Frame>
  );
}

interface CheckProps {
  name: string;
  label: string;
  hint?: string;
  value: boolean;
  onValue: (value: boolean) => void;
  disabled?: boolean;
}

export function Checkbox({ name, label, hint, value, onValue, disabled }: CheckProps) {
  return (
    <label class="check">
      <input
        type="checkbox"
        name={name}
        checked={value}
        disabled={disabled}
        onChange={(event) => onValue(event.currentTarget.checked)}
      />
      <span class="row-text">
        {label}
        {hint && <span class="field-hint">{hint}</span>}
      </span>
    </label>
  );
}
