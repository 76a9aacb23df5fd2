import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { t } from '../i18n';
import { Failure, Skeleton } from './Feedback';

/** A screen that few open: its code is fetched the first time, so that the map stands sooner for all others. */
export function later(load: () => Promise<ComponentType>): ComponentType {
  const screen = signal<ComponentType | null>(null);
  const failure = signal<unknown>(null);
  const fetch = () => {
    failure.value = null;
    load().then(
      (loaded) => {
        screen.value = loaded;
      },
      (error) => {
        failure.value = error;
      },
    );
  };
  return function Later() {
    useEffect(() => {
      if (screen.value === null) fetch();
    }, []);
    const Show = screen.value;
    if (Show) return <Show />;
    if (failure.value) return <Failure what={t('loading')} error={failure.value} onRetry={fetch} />;
    return <Skeleton label={t('loading')} />;
  };
}
