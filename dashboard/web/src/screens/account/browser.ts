/** A browser and its system in two words, from what it says of itself; the order decides: each claims to be the later ones too. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/MicroMessenger/, 'WeChat'],
  [/Edg(e|A|iOS)?\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\/|FxiOS/, 'Firefox'],
  [/Chrome\/|CriOS/, 'Chrome'],
  [/Safari\//, 'Safari'],
];
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/HarmonyOS|OpenHarmony/, 'HarmonyOS'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/Linux/, 'Linux'],
];

const match = (table: typeof BROWSERS, text: string) => table.find(([pattern]) => pattern.test(text))?.[1];

export function browserOf(agent: string): string | null {
  const browser = match(BROWSERS, agent);
  const system = match(SYSTEMS, agent);
  if (!browser && !system) return agent.slice(0, 60) || null;
  return [browser, system].filter(Boolean).join(' · ');
}
