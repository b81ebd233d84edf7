// @rudderstack/analytics-js in Chromium, with nothing but its two addresses changed, which are one
// here: every call, and on a second page the beacon that it sends when the page goes. The argument
// is a JSON object: host, token, unique (names the ids), picture.
'use strict';
const path = require('path');
const { inBrowser, serveSite } = require('./browser.cjs');

const settings = JSON.parse(process.argv[2]);
const { host, token, unique } = settings;
// The build that asks no other host for its parts.
const library = path.join(path.dirname(require.resolve('@rudderstack/analytics-js/bundled')),
  '../esm/index.mjs');

const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A shop</title>
<script type="module">
import { RudderAnalytics } from '/rudder.js';
window.rudder = new RudderAnalytics();
window.rudder.load(${JSON.stringify(token)}, ${JSON.stringify(host)}, {
  configUrl: ${JSON.stringify(host)},
  useBeacon: location.search.includes('beacon'),
});
</script></head><body><h1>A shop</h1></body></html>`;

const sends = (type) => (entry) => entry.method === 'POST' && entry.path === `/v1/${type}`;

inBrowser(settings, async (context, witness) => {
  const home = await serveSite('localhost', { '/': page, '/rudder.js': library });
  const ready = async (tab) => {
    await tab.waitForFunction(() => window.rudder);
    await tab.evaluate(() => new Promise((resolve) => { window.rudder.ready(resolve); }));
  };
  try {
    const tab = await context.newPage();
    await tab.goto(`${home.origin}/?utm_source=news`);
    await ready(tab);
    const visitor = await tab.evaluate(() => {
      window.rudder.page('docs', 'Start');
      window.rudder.track('chose', { plan: 'größte', seats: 3, deep: { a: [1] } });
      return window.rudder.getAnonymousId();
    });
    await witness.waitFor(sends('track'), 'the track');
    await tab.evaluate((name) =>
      window.rudder.identify(`${name}-user`, { name: 'Ada', role: 'owner' }), unique);
    await witness.waitFor(sends('identify'), 'the identify');
    await tab.evaluate((name) => window.rudder.group(`${name}-group`,
      { groupType: 'company', name: 'Acme', size: 11 }), unique);
    await witness.waitFor(sends('group'), 'the group');
    await tab.evaluate((name) => window.rudder.alias(`${name}-user`, `${name}-earlier`), unique);
    await witness.waitFor(sends('alias'), 'the alias');
    await tab.goto(`${home.origin}/?beacon`);
    await ready(tab);
    await tab.evaluate(() => window.rudder.track('left', { after: 12 }));
    await tab.goto('about:blank');
    await witness.settled();
    return { home: home.origin, visitor };
  } finally {
    home.close();
  }
});
