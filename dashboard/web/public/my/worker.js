// The service worker of personal phone pages: shows a push, says that it arrived, and takes the answer to it.
// It keeps nothing: an old warning that looks new is worse than none.

const WORDS = {
  zh: { confirm: '我已收到', confirmed: '已确认，谢谢。', failed: '没有确认成功，请点此打开预警再确认' },
  en: {
    confirm: 'I have received this',
    confirmed: 'Acknowledged. Thank you.',
    failed: 'That did not work: tap here, and acknowledge on the page',
  },
};
const GRAVE = ['red', 'orange'];

const post = (path, said) =>
  fetch(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(said),
  });

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('push', (event) => event.waitUntil(show(event.data.json())));

/** A newer push of the same warning takes the place of the older one, and sounds again. */
async function show(said) {
  const words = WORDS[said.language] ?? WORDS.zh;
  await self.registration.showNotification(said.title, {
    body: said.body,
    lang: said.language,
    tag: said.topic,
    renotify: true,
    requireInteraction: GRAVE.includes(said.level),
    icon: '/mark.svg',
    data: said,
    actions: said.confirm ? [{ action: 'confirm', title: words.confirm }] : [],
  });
  // Shown is shown: whether the word of it comes through is no reason to fail
  await post('/my/push/shown', { delivery: said.delivery }).catch(() => undefined);
}

self.addEventListener('notificationclick', (event) => {
  const said = event.notification.data;
  event.notification.close();
  event.waitUntil(event.action === 'confirm' ? confirm(said) : open(said));
});

async function confirm(said) {
  const words = WORDS[said.language] ?? WORDS.zh;
  const answer = await post('/my/push/confirm', { delivery: said.delivery }).catch(() => undefined);
  await self.registration.showNotification(said.title, {
    body: answer?.ok ? words.confirmed : words.failed,
    lang: said.language,
    tag: said.topic,
    icon: '/mark.svg',
    silent: true,
    data: said,
  });
}

async function open(said) {
  const address = new URL(`/my/alerts/${said.alert}`, self.location.origin).href;
  const windows = await self.clients.matchAll({ type: 'window' });
  const there = windows.find((one) => one.url === address);
  if (there) await there.focus();
  else await self.clients.openWindow(address);
}

/** The browser made itself a new subscription, or dropped the old one: ask for one with the same key. */
self.addEventListener('pushsubscriptionchange', (event) => event.waitUntil(renew(event)));

async function renew(event) {
  const key = event.oldSubscription?.options.applicationServerKey;
  const wanted = { userVisibleOnly: true, applicationServerKey: key };
  const subscription =
    event.newSubscription ?? (key && (await self.registration.pushManager.subscribe(wanted)));
  if (subscription) await post('/my/push', subscription.toJSON());
}
