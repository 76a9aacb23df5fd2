import { describe, expect, it } from 'vitest';
import { carriedSpans } from '../src/state/carriers';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const carrier = (name: string, since: string, until: string | null) => ({
  member: { id: 1, name },
  since,
  until,
});

describe('the history of a terminal', () => {
  it('begins with who had it always, and shows the newest first', () => {
    const spans = carriedSpans(
      [
        carrier('first', '2000-01-01T00:00:00Z', '2026-11-21T12:00:00Z'),
        carrier('now', '2026-11-21T12:00:00Z', null),
      ],
      '2026-11-20T12:00:00Z',
      NOW,
    );
    expect(spans.map(({ member, isAlways, isNow }) => [member.name, isAlways, isNow])).toEqual([
      ['now', false, true],
      ['first', true, false],
    ]);
    expect(spans.map(({ share }) => share)).toEqual([0.5, 0.5]);
  });

  it('leaves a short span wide enough to be seen', () => {
    const spans = carriedSpans(
      [
        carrier('long', '2020-01-01T00:00:00Z', '2026-11-22T11:59:59Z'),
        carrier('short', '2026-11-22T11:59:59Z', null),
      ],
      '2020-01-01T00:00:00Z',
      NOW,
    );
    expect(spans[0]!.share).toBeGreaterThan(0.03);
    expect(spans.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
  });

  it('is empty while nobody carried it', () => {
    expect(carriedSpans([], '2026-11-22T11:00:00Z', NOW)).toEqual([]);
  });
});
