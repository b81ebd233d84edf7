// @jitsu/js in Chromium, with nothing but its host changed: every call, and a second page with what
// it remembers. The argument is a JSON object: host, token, unique (names the ids), picture.
'use strict';
const path = require('path');
const { inBrowser, serveSite } = require('./browser.cjs');

const settings = JSON.parse(process.argv[2]);
const { host, token, unique } = settings;
const library = path.join(path.dirname(require.resolve('@jitsu/js')), 'jitsu.es.js');

const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A shop</title>
<script type="module">
import { jitsuAnalytics } from '/jitsu.js';
window.jitsu = jitsuAnalytics(
  { host: ${JSON.stringify(host)}, writeKey: ${JSON.stringify(`${token}:any`)} });
window.jitsu.page();
</script></head><body><h1>A shop</h1></body></html>`;

const sends = (type, event) => (entry) =>
  entry.method === 'POST' && entry.json?.type === type && entry.json.event === event;

inBrowser(settings, async (context, witness) => {
  const home = await serveSite('localhost', { '/': page, '/jitsu.js': library });
  try {
    const tab = await context.newPage();
    await tab.goto(`${home.origin}/?utm_source=news&utm_campaign=spring`);
    await witness.waitFor(sends('page'), 'the page');
    await tab.evaluate(async (name) => {
      await window.jitsu.track('chose', { plan: 'größte', seats: 3, deep: { a: [1] } });
      await window.jitsu.identify(`${name}-user`, { name: 'Ada', role: 'owner' });
      await window.jitsu.group(`${name}-group`, { groupType: 'company', name: 'Acme', size: 11 });
    }, unique);
    await witness.waitFor(sends('group'), 'the group');
    await tab.goto(`${home.origin}/`);
    await tab.waitForFunction(() => window.jitsu);
    await tab.evaluate(() => window.jitsu.track('came back'));
    await witness.waitFor(sends('track', 'came back'), 'the second page');
    await witness.settled();
    const [cookie] = (await context.cookies()).filter(({ name }) => name === '__eventn_id');
    return { home: home.origin, visitor: cookie.value };
  } finally {
    home.close();
  }
});
