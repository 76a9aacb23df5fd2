/** What a member's own form does not set: what they carry, which teams they are in, whether they are on duty now. */
import { MapPin } from 'lucide';
import type { Duty, MemberCard } from '../../../api/organisation';
import { Button } from '../../../design/Button';
import { Facts } from '../../../design/Panel';
import { named, t, time } from '../../../i18n';
import { nowMs } from '../../../state/clock';
import { go, openMember } from '../../../state/place';
import { can, roleName } from '../../../state/session';
import { Heard } from './columns';

const Quiet = ({ children }: { children: string }) => <span class="quiet">{children}</span>;

export function MemberFacts({ member, isWhole }: { member: MemberCard; isWhole?: boolean }) {
  return (
    <section class="box stack" data-testid="member-facts">
      <Facts
        rows={[
          [t('members.heard'), <Heard member={member} />],
          [t('members.duty'), <DutyNow duty={member.duty} />],
          [t('member.code'), <span class="mono">{member.code}</span>],
          [t('member.terminal'), <Carried member={member} />],
          [t('section.teams'), <Teams member={member} />],
          isWhole ? [t('member.phone'), <span class="num">{member.phone ?? '–'}</span>] : null,
          isWhole
            ? [
                t('members.units'),
                member.assignments
                  .map((each) => `${named(each.unit)} ${roleName(each.role)}`)
                  .join(t('list.comma')),
              ]
            : null,
        ]}
      />
      <div>
        <Button icon={MapPin} onClick={() => openMember(member.id)}>
          {t('members.onmap')}
        </Button>
      </div>
    </section>
  );
}

function DutyNow({ duty }: { duty: Duty }) {
  if (!duty.is_on_duty) return <Quiet>{t('duty.off')}</Quiet>;
  const until = duty.until && t('duty.until', { at: time(duty.until, nowMs.value) });
  return <>{[t('duty.on'), duty.shift, until].filter(Boolean).join(' · ')}</>;
}

function Carried({ member }: { member: MemberCard }) {
  if (member.terminals.length === 0) return <Quiet>{t('members.none')}</Quiet>;
  return (
    <span class="line-wrap">
      {member.terminals.map(({ id, code }) =>
        can('administrator') ? (
          <button
            key={id}
            type="button"
            class="link mono"
            onClick={() => go({ manage: 'terminals', item: String(id) })}
          >
            {code}
          </button>
        ) : (
          <span key={id} class="mono">
            {code}
          </span>
        ),
      )}
    </span>
  );
}

function Teams({ member }: { member: MemberCard }) {
  if (member.teams.length === 0) return <Quiet>{t('members.none')}</Quiet>;
  return (
    <span class="line-wrap">
      {member.teams.map(({ id, name }) => (
        <button key={id} type="button" class="link" onClick={() => go({ manage: 'teams', item: String(id) })}>
          {name}
        </button>
      ))}
    </span>
  );
}
