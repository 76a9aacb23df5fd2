/** The credential of a terminal, once: as text, as a QR code, as files. Nothing of it is kept when this closes. */
import { Download } from 'lucide';
import type { Issued } from '../../../api/terminals';
import { Button } from '../../../design/Button';
import { Drawer } from '../../../design/Drawer';
import { Icon } from '../../../design/Icon';
import { Once } from '../../../design/Once';
import { Facts, Section } from '../../../design/Panel';
import { t } from '../../../i18n';

const asFile = (type: string, text: string): string =>
  `data:${type};charset=utf-8,${encodeURIComponent(text)}`;
const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

export function CredentialOnce({ issued, onClose }: { issued: Issued; onClose: () => void }) {
  const { terminal, secret, url, otrc, qr_svg, config } = issued.credential;
  return (
    <Drawer
      title={t('credential')}
      label={t('credential')}
      onClose={onClose}
      foot={
        <Button look="main" onClick={onClose} testId="credential-done">
          {t('credential.done')}
        </Button>
      }
    >
      <Facts
        rows={[
          [t('credential.server'), <span class="mono">{url}</span>],
          [t('credential.user'), <span class="mono">{terminal}</span>],
        ]}
      />
      <Once
        label={t('credential.secret')}
        value={secret}
        note={t('credential.kept')}
        testId="terminal-secret"
      />
      <Section title={t('credential.phone')}>
        <div class="credential-phone">
          <img
            class="credential-qr"
            src={asFile('image/svg+xml', qr_svg)}
            alt={t('credential.qr', { code: terminal })}
            data-testid="terminal-qr"
          />
          <ol class="steps second">
            <li>{t('credential.phone.1')}</li>
            <li>{t('credential.phone.2')}</li>
            <li>{t('credential.phone.3')}</li>
          </ol>
        </div>
        <FileLink name={`${terminal}.otrc`} text={json(otrc)} label={t('credential.otrc')} />
      </Section>
      <Section title={t('credential.device')}>
        <p class="second">{t('credential.device.how')}</p>
        <FileLink name={`${terminal}.json`} text={json(config)} label={t('credential.json')} />
      </Section>
    </Drawer>
  );
}

function FileLink({ name, text, label }: { name: string; text: string; label: string }) {
  return (
    <div>
      <a class="button button-normal" download={name} href={asFile('application/json', text)}>
        <Icon node={Download} /> {label} <span class="mono second">{name}</span>
      </a>
    </div>
  );
}
