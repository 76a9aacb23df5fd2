import { explain } from './Feedback';

/** Why a form was not taken, above its buttons; nothing while all is well. */
export function FormError({ error }: { error: unknown }) {
  if (!error) return null;
  return (
    <p class="form-error" role="alert">
      {explain(error)}
    </p>
  );
}
