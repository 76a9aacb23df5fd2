/** The alarm: two rising tones, made here, so that no sound file has to be fetched when it matters. */
import { signal } from '@preact/signals';

const TONES_HZ = [660, 880, 660, 880] as const;
const TONE_S = 0.18;
const GAP_S = 0.06;
const LOUDNESS = 0.22;

/** Browsers keep a page silent until it was touched once; then we say so instead of failing unheard. */
export const isMuted = signal(false);
let context: AudioContext | null = null;

function tone(audio: AudioContext, hz: number, start: number): void {
  const oscillator = audio.createOscillator();
  const gain = audio.createGain();
  oscillator.type = 'triangle';
  oscillator.frequency.value = hz;
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(LOUDNESS, start + 0.02);
  gain.gain.setValueAtTime(LOUDNESS, start + TONE_S - 0.04);
  gain.gain.linearRampToValueAtTime(0, start + TONE_S);
  oscillator.connect(gain).connect(audio.destination);
  oscillator.start(start);
  oscillator.stop(start + TONE_S);
}

export function sound(): void {
  context ??= new AudioContext();
  isMuted.value = context.state === 'suspended';
  if (isMuted.value) return;
  const start = context.currentTime;
  TONES_HZ.forEach((hz, at) => {
    tone(context!, hz, start + at * (TONE_S + GAP_S));
  });
}

/** To be called from a press or a key: lets later alarms be heard. */
export function allowSound(): void {
  context ??= new AudioContext();
  void context.resume().then(() => {
    isMuted.value = false;
  });
}
