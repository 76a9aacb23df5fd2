/** Work teams that are told beside the leaders; not shown in a city that keeps none. */
import { getTeams } from '../api/duty';
import { Checkbox } from '../design/Field';
import { Section } from '../design/Panel';
import { t } from '../i18n';
import { useFetched } from '../state/async';

const MOST = 100;

interface Props {
  chosen: readonly number[];
  onToggle: (team: number) => void;
}

export function TeamChoice({ chosen, onToggle }: Props) {
  const { value } = useFetched('teams to tell', () => getTeams({ limit: MOST, offset: 0 }));
  if (!value || value.teams.length === 0) return null;
  return (
    <Section title={t('compose.teams')}>
      <div class="team-choice" data-testid="team-choice">
        {value.teams.map(({ id, name, size, unit }) => (
          <Checkbox
            key={id}
            name={`team-${id}`}
            label={name}
            hint={[unit.name, t('compose.teams.size', { count: size ?? 0 })].join(' · ')}
            value={chosen.includes(id)}
            onValue={() => onToggle(id)}
          />
        ))}
      </div>
    </Section>
  );
}
