// posthog-js in Chromium records a session, with nothing but its host changed; the recorder comes
// from that host. The argument is a JSON object: host, token, picture. Prints, beside what the
// witness saw, the session's id and the bodies of the requests that brought snapshots, as text.
'use strict';
const path = require('path');
const zlib = require('zlib');
const { inBrowser, serveSite } = require('./browser.cjs');

const settings = JSON.parse(process.argv[2]);
const { host, token } = settings;
const library = path.dirname(require.resolve('posthog-js'));

const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A shop</title>
<script type="module">
import posthog from '/module.js';
window.posthog = posthog;
posthog.init(${JSON.stringify(token)}, { api_host: ${JSON.stringify(host)},
  session_recording: { maskAllInputs: false } });
</script></head><body><h1>A shop – größte Auswahl</h1>
<button id="buy">Buy now</button> <input id="name" aria-label="name"><ul id="list"></ul>
</body></html>`;

function textOf(request) {
  const bytes = request.postDataBuffer();
  return (bytes[0] === 0x1f && bytes[1] === 0x8b ? zlib.gunzipSync(bytes) : bytes).toString();
}

const isSnapshots = (entry) => entry.path === '/s/' && entry.method === 'POST';
const carries = (text) => (entry) => isSnapshots(entry) && textOf(entry.request).includes(text);

async function visit(tab, witness) {
  await tab.waitForFunction(() => window.posthog?.sessionRecordingStarted());
  await tab.click('#buy');
  await tab.click('#buy');
  await tab.type('#name', 'Ada');
  // Enough for the library to pack what it tells of it.
  await tab.evaluate(() => {
    const list = document.querySelector('#list');
    for (let i = 0; i < 500; i += 1) {
      list.append(Object.assign(document.createElement('li'), { textContent: `thing ${i}` }));
    }
  });
  await witness.waitFor(carries('Ada'), 'what was typed');
  await tab.evaluate(() => {
    document.querySelector('h1').textContent = 'Thank you';
    window.history.pushState({}, '', '/thanks');
    window.posthog.capture('$pageview');
  });
  await witness.waitFor(carries('/thanks'), 'the last page');
}

inBrowser(settings, async (context, witness) => {
  const home = await serveSite('127.0.0.1', { '/': page, '/module.js': `${library}/module.js` });
  try {
    const tab = await context.newPage();
    await tab.goto(`${home.origin}/`);
    await visit(tab, witness);
    const session = await tab.evaluate(() => window.posthog.get_session_id());
    const visitor = await tab.evaluate(() => window.posthog.get_distinct_id());
    // No more snapshots from here on.
    await tab.evaluate(() => window.posthog.stopSessionRecording());
    await tab.goto('about:blank');
    await witness.settled();
    const bodies = witness.requests.filter(isSnapshots).map((entry) => textOf(entry.request));
    return { home: home.origin, session, visitor, bodies };
  } finally {
    home.close();
  }
});
