/** One entry of the directory, or a new one. */
import { Phone } from 'lucide';
import { useState } from 'preact/hooks';
import {
  addContact,
  CONTACT_KINDS,
  type Contact,
  type ContactChange,
  type ContactKind,
  changeContact,
  closeContact,
} from '../../../api/duty';
import { Button } from '../../../design/Button';
import { Drawer } from '../../../design/Drawer';
import { Select, TextArea, TextField } from '../../../design/Field';
import { FormError } from '../../../design/FormError';
import { Icon } from '../../../design/Icon';
import { say } from '../../../design/Toast';
import { t } from '../../../i18n';
import { useEditing } from '../../../state/editing';
import { can, me } from '../../../state/session';
import { Consequence } from '../forms/Consequence';
import { unitFilter } from '../forms/UnitFilter';
import { UnitPicker } from '../UnitPicker';

interface Draft {
  unit: number | null;
  kind: ContactKind;
  name: string;
  title: string;
  organisation: string;
  phones: string; // one in a line
  address: string;
  note: string;
  place: string; // `lon, lat`, degrees, or empty
}

const toDraft = (contact: Contact): Draft => ({
  unit: contact.unit.id,
  kind: contact.kind,
  name: contact.name,
  title: contact.title,
  organisation: contact.organisation,
  phones: contact.phones.join('\n'),
  address: contact.address,
  note: contact.note,
  place: contact.lon === null || contact.lat === null ? '' : `${contact.lon}, ${contact.lat}`,
});

const lines = (text: string): string[] =>
  text
    .split(/[\n,，;；]/)
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** null where it cannot be read. */
function placeOf(text: string): { lon: number | null; lat: number | null } {
  const [lon, lat] = text.split(/[,，\s]+/).map(Number);
  const known = (value: number | undefined) =>
    text.trim() !== '' && value !== undefined && Number.isFinite(value) ? value : null;
  return { lon: known(lon), lat: known(lat) };
}

function toChange({ phones, place, unit, ...rest }: Partial<Draft>): Partial<ContactChange> {
  return {
    ...rest,
    ...(unit === undefined || unit === null ? {} : { unit }),
    ...(phones === undefined ? {} : { phones: lines(phones) }),
    ...(place === undefined ? {} : placeOf(place)),
  };
}

interface Props {
  contact: Contact | null;
  onChanged: () => void;
  onClose: () => void;
}

export function ContactForm({ contact, onChanged, onClose }: Props) {
  const [isClosing, setClosing] = useState(false);
  const done = () => {
    say(t('saved'));
    onChanged();
  };
  const editing = useEditing<Contact, Draft>({
    thing: contact,
    toDraft,
    blank: blank(),
    send: (draft, change, revision) =>
      contact
        ? changeContact(contact.id, revision, toChange(change))
        : addContact(toChange(draft) as ContactChange),
    onSaved: done,
  });
  const { draft, set, errorAt, isBusy, isDirty } = editing;
  const title = contact?.name ?? t('contacts.add');
  const mayChange = can('administrator');
  const isPlaceWrong = draft.place.trim() !== '' && Object.values(placeOf(draft.place)).includes(null);
  return (
    <Drawer
      title={title}
      label={title}
      onClose={onClose}
      onSubmit={editing.save}
      isDirty={isDirty}
      foot={
        mayChange && (
          <>
            <Button
              type="submit"
              look="main"
              disabled={isBusy || !isDirty || draft.name.trim() === '' || draft.unit === null || isPlaceWrong}
              testId="save-contact"
            >
              {t(isBusy ? 'save.busy' : contact ? 'save' : 'contacts.add')}
            </Button>
            {contact && (
              <Button look="plain" onClick={() => setClosing(true)}>
                {t('contacts.close')}
              </Button>
            )}
          </>
        )
      }
    >
      {contact && isClosing && (
        <Consequence
          title={t('contacts.close.what', { name: contact.name })}
          does={t('contacts.close')}
          onLeave={() => setClosing(false)}
          onDo={() => closeContact(contact.id, contact.revision).then(done)}
        >
          <p>{t('contacts.close.how')}</p>
        </Consequence>
      )}
      {contact && contact.phones.length > 0 && (
        <div class="line-wrap">
          {contact.phones.map((phone) => (
            <a key={phone} class="button button-normal num" href={`tel:${phone}`}>
              <Icon node={Phone} /> {phone}
            </a>
          ))}
        </div>
      )}
      <fieldset class="group" disabled={!mayChange}>
        <legend class="unseen">{title}</legend>
        <div class="pair">
          <TextField
            name="contact-name"
            label={t('organisation.name')}
            value={draft.name}
            onValue={(name) => set({ name })}
            error={errorAt('name')}
          />
          <Select
            name="contact-kind"
            label={t('contacts.kind')}
            value={draft.kind}
            onValue={(kind) => set({ kind: kind as ContactKind })}
            options={CONTACT_KINDS.map((each) => [each, t(`contact.a.${each}`)] as const)}
          />
          <TextField
            name="contact-organisation"
            label={t('contacts.organisation')}
            value={draft.organisation}
            onValue={(organisation) => set({ organisation })}
            error={errorAt('organisation')}
          />
          <TextField
            name="contact-title"
            label={t('contacts.title')}
            value={draft.title}
            onValue={(title) => set({ title })}
            error={errorAt('title')}
          />
        </div>
        <TextArea
          name="contact-phones"
          label={t('contacts.phones')}
          hint={t('contacts.phones.how')}
          rows={2}
          value={draft.phones}
          onValue={(phones) => set({ phones })}
          error={errorAt('phones')}
        />
        <UnitPicker
          name="contact-unit"
          label={t('contacts.unit')}
          value={draft.unit}
          onValue={(unit) => set({ unit })}
          error={errorAt('unit')}
        />
        <TextField
          name="contact-address"
          label={t('contacts.address')}
          value={draft.address}
          onValue={(address) => set({ address })}
          error={errorAt('address')}
        />
        <TextField
          name="contact-place"
          label={t('contacts.place')}
          placeholder="113.6249, 34.7466"
          value={draft.place}
          onValue={(place) => set({ place })}
          error={isPlaceWrong ? t('contacts.place.wrong') : (errorAt('lat') ?? errorAt('lon'))}
        />
        <TextArea
          name="contact-note"
          label={t('terminals.note')}
          rows={2}
          value={draft.note}
          onValue={(note) => set({ note })}
          error={errorAt('note')}
        />
      </fieldset>
      <FormError error={editing.error} />
    </Drawer>
  );
}

const blank = (): Draft => ({
  unit: unitFilter.value ?? me.value?.unit.id ?? null,
  kind: 'institution',
  name: '',
  title: '',
  organisation: '',
  phones: '',
  address: '',
  note: '',
  place: '',
});
