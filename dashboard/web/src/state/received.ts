/** Messages of other services: the list, reloaded while it is looked at, and the one that is open, for the map. */
import { computed, signal } from '@preact/signals';
import { type Feed, getMessages, type Message, type Reading } from '../api/cap';

export const received = signal<readonly Message[] | null>(null);
export const feeds = signal<readonly Feed[]>([]);
export const receivedError = signal<unknown>(null);
export const openReading = signal<Reading | null>(null);

export const waiting = computed(() => (received.value ?? []).filter(({ state }) => state === 'waiting'));

export async function loadReceived(): Promise<void> {
  try {
    const found = await getMessages();
    received.value = found.messages;
    feeds.value = found.feeds;
    receivedError.value = null;
  } catch (error) {
    receivedError.value = error;
  }
}
