/** Who would be told if it went out now, and why: asked anew a moment after each change. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { previewAlert } from '../api/client';
import type { AudiencePreview as Preview } from '../api/types';
import { Badge } from '../design/Badge';
import { explain } from '../design/Feedback';
import { number, t, tWord } from '../i18n';
import { type Fetched, useFetched } from '../state/async';
import { audienceOf, contentOf, type Draft } from '../state/compose';
import { previewed } from '../state/reach';
import { levelName } from '../state/session';
import { reasonText } from './Audience';

const ASK_AFTER_MS = 350;
const SHOWN = 6;

/** Words that are not written yet must not keep the audience from being seen. */
const askable = (now: Draft) => ({
  ...contentOf(now),
  headline: now.headline || '—',
  description: now.description || '—',
});

/** An answer stays while only words change, so that the button is not lost under a finger; it goes at once when another
 * audience is chosen, so that nobody sends to people they were not shown. */
export function usePreview(now: Draft): Fetched<Preview> {
  const content = JSON.stringify(askable(now));
  const [asked, setAsked] = useState(content);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(content), ASK_AFTER_MS);
    return () => clearTimeout(timer);
  }, [content]);
  const fetched = useFetched(
    now.targets.length === 0 || asked.includes('"targets":[]') ? null : asked,
    async () => ({ preview: await previewAlert(JSON.parse(asked)), audience: audienceOf(JSON.parse(asked)) }),
  );
  const last = useRef<typeof fetched.value>(null);
  if (fetched.error) last.current = null;
  last.current = fetched.value ?? last.current;
  const value = last.current?.audience === audienceOf(now) ? last.current.preview : null;
  const told = value?.allowed ? value.by_unit : null;
  useEffect(() => {
    previewed.value = told;
    return () => {
      previewed.value = null;
    };
  }, [told]);
  return { ...fetched, value };
}

export function AudiencePreview({ now, preview }: { now: Draft; preview: Fetched<Preview> }) {
  if (now.targets.length === 0) return <p class="second">{t('preview.none')}</p>;
  if (preview.error) return <p class="field-error">{explain(preview.error)}</p>;
  if (!preview.value) return <p class="quiet">{t('loading')}</p>;
  return <Told preview={preview.value} />;
}

/** People are told in their own language, whatever the screen's: the longest counts, and what each of them takes. */
function partsOf(parts: Preview['parts']): string {
  if (typeof parts === 'number') return t('preview.parts', { count: parts });
  const { zh, en } = parts;
  const most = t('preview.parts', { count: Math.max(zh, en) });
  return zh === en ? most : t('preview.parts.each', { most, zh, en });
}

function Told({ preview }: { preview: Preview }) {
  const counted = Object.entries(preview.by_level);
  return (
    <div class="preview" data-testid="preview">
      {!preview.allowed && (
        <p class="field-error" role="alert">
          {preview.explanation || t('preview.forbidden')}
        </p>
      )}
      <p class="line">
        <span class="preview-total num" data-testid="preview-total">
          {number(preview.total)}
        </span>
        <span class="second">{t('preview.people', { count: preview.total })}</span>
        <span class="grow" />
        <Badge>{partsOf(preview.parts)}</Badge>
      </p>
      <div class="chips">
        {counted.map(([level, people]) => (
          <span key={level} class="chip chip-plain num">
            {levelName(level)} {number(people)}
          </span>
        ))}
        {Object.entries(preview.by_reason).map(([why, people]) => (
          <span key={why} class="chip chip-plain num">
            {tWord('why', why)} {number(people)}
          </span>
        ))}
      </div>
      <ul class="stack-tight">
        {preview.sample.slice(0, SHOWN).map((person) => (
          <li key={person.id} class="line">
            <span class="preview-name clip">{person.name}</span>
            <span class="row-more clip grow">{(person.reasons ?? []).map(reasonText).join('; ')}</span>
          </li>
        ))}
      </ul>
      {preview.total > SHOWN && <p class="quiet">{t('preview.more', { count: preview.total - SHOWN })}</p>}
    </div>
  );
}
