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
  type?: 'text' | 'password' | 'search';
  rows?: number;
  required?: boolean;
  autocomplete?: string;
  placeholder?: string;
  maxLength?: number;
  autofocus?: boolean;
}

function Frame({ name, label, hint, error, children }: Common & { children: ComponentChildren }) {
  return (
    <div class="field">
      <label class="field-label" for={name}>
        {label}
      </label>
      {children}
      {hint && <span class="field-hint">{hint}</span>}
      {error && (
        <span class="field-error" role="alert">
          {error}
        </span>
      )}
    </div>
  );
}

const focusOnce = (node: HTMLInputElement | null) => node?.focus();

/** One line of text, or several when `rows` is given. */
export function TextField({ rows, onValue, autofocus, label, hint, error, ...rest }: TextProps) {
  const shared = { id: rest.name, class: 'input', 'aria-invalid': error ? true : undefined };
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

interface SelectProps extends Common {
  value: string;
  onValue: (value: string) => void;
  options: readonly (readonly [value: string, label: string])[];
}

export function SelectField({ value, onValue, options, label, hint, error, name }: SelectProps) {
  return (
    <Frame name={name} label={label} hint={hint} error={error}>
      <select
        id={name}
        name={name}
        class="input"
        value={value}
        onChange={(event) => onValue(event.currentTarget.value)}
      >
        {options.map(([option, text]) => (
          <option key={option} value={option}>
            {text}
          </option>
        ))}
      </select>
    </Frame>
  );
}

interface CheckProps {
  name: string;
  label: string;
  value: boolean;
  onValue: (value: boolean) => void;
}

export function CheckField({ name, label, value, onValue }: CheckProps) {
  return (
    <label class="check">
      <input
        type="checkbox"
        name={name}
        checked={value}
        onChange={(event) => onValue(event.currentTarget.checked)}
      />
      {label}
    </label>
  );
}
