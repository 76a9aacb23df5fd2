// Turns notifications of a personal phone page on and off. Everything else on that page works without a script.

const box = document.getElementById('push');

/** The bytes of base64url: what a page subscribes with. */
function bytesOf(base64url) {
  const plain = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (one) => one.charCodeAt(0));
}

/** Show the parts of one state: on, off, blocked, failed. */
function show(...states) {
  for (const part of box.querySelectorAll('[data-shown]')) part.hidden = !states.includes(part.dataset.shown);
  box.hidden = false;
}

async function send(path, said) {
  const answer = await fetch(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: said === undefined ? undefined : JSON.stringify(said),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
}

/** Whether a subscription was made for the key that the server signs with now. */
function isOurs(subscription, key) {
  const bound = subscription.options.applicationServerKey;
  if (!bound) return true;
  const bytes = new Uint8Array(bound);
  return bytes.length === key.length && bytes.every((one, place) => one === key[place]);
}

async function turnOn(registration, key) {
  if ((await Notification.requestPermission()) !== 'granted') {
    show('blocked');
    return;
  }
  try {
    const earlier = await registration.pushManager.getSubscription();
    if (earlier && !isOurs(earlier, key)) await earlier.unsubscribe();
    const subscription = await registration.pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: key,
    });
    await send('/my/push', subscription.toJSON());
    show('on');
  } catch {
    show('off', 'failed');
  }
}

async function turnOff(registration) {
  try {
    await send('/my/push/off');
    const subscription = await registration.pushManager.getSubscription();
    await subscription?.unsubscribe();
    show('off');
  } catch {
    show('on', 'failed');
  }
}

async function begin() {
  const key = bytesOf(box.dataset.key);
  await navigator.serviceWorker.register('/my/worker.js');
  const registration = await navigator.serviceWorker.ready;
  const subscription = await registration.pushManager.getSubscription();
  const isOn = subscription !== null && box.dataset.known === 'true' && isOurs(subscription, key);
  if (Notification.permission === 'denied') show('blocked');
  else show(isOn ? 'on' : 'off');
  box.addEventListener('click', (event) => {
    const wish = event.target.closest('[data-do]')?.dataset.do;
    if (wish === 'on') turnOn(registration, key);
    if (wish === 'off') turnOff(registration);
  });
}

if (box && 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window) begin();
