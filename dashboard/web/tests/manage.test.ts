import { beforeEach, describe, expect, it } from 'vitest';
import type { AuditRow } from '../src/api/accounts';
import type { Account, Unit } from '../src/api/types';
import { en } from '../src/i18n/en';
import { language } from '../src/i18n/index';
import { accounts } from '../src/i18n/parts/accounts.zh';
import { grids } from '../src/i18n/parts/grids.zh';
import { imports } from '../src/i18n/parts/imports.zh';
import { manage } from '../src/i18n/parts/manage.zh';
import { organisation } from '../src/i18n/parts/organisation.zh';
import { browserOf } from '../src/screens/account/browser';
import { grantsInside, withGrant } from '../src/screens/manage/accounts/grants';
import { NOUNS, periodOf, sentenceOf } from '../src/screens/manage/audit/sentence';
import { rightsOf } from '../src/state/rights';

const aUnit = (parent: number | null): Unit => ({
  id: 3,
  name: '示范市',
  code: '990000',
  level: 'city',
  parent,
  members: 1,
});
const anAccount = (change: Partial<Account> = {}): Account => ({
  id: 1,
  name: 'chief',
  may_issue: false,
  ...change,
});
const anEntry = (change: Partial<AuditRow> = {}): AuditRow => ({
  id: 1,
  at: '2030-01-01T00:00:00Z',
  account: { id: 1, name: 'chief' },
  action: 'unit.created',
  subject: '990001',
  unit: null,
  address: '',
  detail: {},
  ...change,
});

describe('rights', () => {
  it('are what the server says, each for its unit', () => {
    const roles = { viewer: aUnit(null), issuer: { id: 9, name: '某街道' } };
    expect(rightsOf(anAccount({ roles }), aUnit(null))).toBe(roles);
  });

  it('follow from issuing where the server names none', () => {
    expect(Object.keys(rightsOf(anAccount(), aUnit(null)))).toEqual(['viewer', 'dispatcher']);
    expect(rightsOf(anAccount({ may_issue: true }), aUnit(null)).administrator?.id).toBe(3);
    expect(rightsOf(anAccount({ may_issue: true }), aUnit(1)).administrator).toBeUndefined();
  });

  it('are granted and taken one by one', () => {
    const granted = withGrant({ dispatcher: 4 }, 'issuer', 5);
    expect(granted).toEqual({ dispatcher: 4, issuer: 5 });
    expect(withGrant(granted, 'dispatcher', null)).toEqual({ issuer: 5 });
  });

  it('come with an account to its new unit when theirs is no longer seen', () => {
    const grants = { viewer: 1, issuer: 5, dispatcher: 8 };
    expect(grantsInside(grants, 7, (unit) => unit === 8)).toEqual({ viewer: 7, issuer: 7, dispatcher: 8 });
  });
});

describe('the audit trail', () => {
  beforeEach(() => {
    language.value = 'en';
  });

  it('says who did what to whom, in both languages', () => {
    const entry = anEntry({ detail: { name: '云台区' } });
    expect(sentenceOf(entry)).toBe('chief created unit 云台区');
    language.value = 'zh';
    expect(sentenceOf(entry)).toBe('chief新建了组织“云台区”');
  });

  it('has whole sentences for what is not simply done to something', () => {
    const looked = anEntry({ action: 'member.track_viewed', subject: 'member M000007' });
    expect(sentenceOf(looked)).toBe('chief looked at the track of member M000007');
    const reset = anEntry({ action: 'account.password_reset', subject: 'account 3 deputy' });
    expect(sentenceOf(reset)).toBe('chief gave account deputy a new password');
    expect(sentenceOf(anEntry({ action: 'account.logged_in' }))).toBe('chief logged in');
  });

  it('names the system where nobody acted', () => {
    expect(sentenceOf(anEntry({ account: null }))).toBe('The system created unit 990001');
  });

  it('shows the bare words of what it has no sentence for', () => {
    expect(sentenceOf(anEntry({ action: 'moon.eclipsed', subject: 'x' }))).toBe('chief: moon.eclipsed x');
  });

  it('can be filtered by every noun it has a word for', () => {
    const named = Object.keys(en).filter((key) => key.startsWith('audit.noun.'));
    expect(named.sort()).toEqual(NOUNS.map((noun) => `audit.noun.${noun}`).sort());
  });

  it('takes the last day of a period whole', () => {
    const { from, to } = periodOf('2030-01-01', '2030-01-01');
    expect(Date.parse(to!) - Date.parse(from!)).toBe(86_400_000);
    expect(periodOf('', '')).toEqual({});
  });
});

describe('a browser', () => {
  it('is named by what it is, not by what it also claims to be', () => {
    const edge = 'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0';
    expect(browserOf(edge)).toBe('Edge · Windows');
    expect(browserOf('curl/8.1')).toBe('curl/8.1');
    expect(browserOf('')).toBeNull();
  });
});

describe('the parts of the catalogue', () => {
  it('never name the same key twice', () => {
    const keys = [accounts, grids, imports, manage, organisation].flatMap((part) => Object.keys(part));
    expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
  });
});
