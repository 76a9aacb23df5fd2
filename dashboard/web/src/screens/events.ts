/** What can threaten: words the alert carries, translated by the catalogues (`event.*`) and by the SMS texts. */
export const EVENTS = [
  'rainstorm',
  'flood',
  'fire',
  'heat',
  'gale',
  'blizzard',
  'geological',
  'air_pollution',
  'epidemic',
  'crowd',
] as const;
