// @segment/analytics-next in Chromium, with nothing but the address of its settings changed: every
// call that sends. The argument is a JSON object: host, token, unique (names the ids), picture.
'use strict';
const path = require('path');
const { inBrowser, serveSite } = require('./browser.cjs');

const settings = JSON.parse(process.argv[2]);
const { host, token, unique } = settings;
const library = path.join(path.dirname(require.resolve('@segment/analytics-next')), '../umd');

const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A shop</title>
<script src="/index.js"></script><script>
window.analytics = AnalyticsNext.AnalyticsBrowser.load(
  { writeKey: ${JSON.stringify(token)}, cdnURL: ${JSON.stringify(host)} });
</script></head><body><h1>A shop</h1></body></html>`;

const sends = (type) => (entry) => entry.method === 'POST' && entry.json?.type === type;

inBrowser(settings, async (context, witness) => {
  const home = await serveSite('127.0.0.1', { '/': page, '/index.js': `${library}/index.js` });
  try {
    const tab = await context.newPage();
    await tab.goto(`${home.origin}/?utm_source=news`);
    const visitor = await tab.evaluate(async () => {
      await window.analytics.page('docs', 'Start');
      await window.analytics.track('chose', { plan: 'größte', seats: 3, deep: { a: [1] } });
      return window.analytics.instance.user().anonymousId();
    });
    await witness.waitFor(sends('track'), 'the track');
    // Requests may overtake one another: each call that changes an identity is answered first.
    await tab.evaluate((name) =>
      window.analytics.identify(`${name}-user`, { name: 'Ada', role: 'owner' }), unique);
    await witness.waitFor(sends('identify'), 'the identify');
    await tab.evaluate((name) => window.analytics.group(`${name}-group`,
      { groupType: 'company', name: 'Acme', size: 11 }), unique);
    await witness.waitFor(sends('group'), 'the group');
    await tab.evaluate((name) => window.analytics.alias(`${name}-user`, `${name}-earlier`), unique);
    await witness.waitFor(sends('alias'), 'the alias');
    await tab.evaluate(() => window.analytics.screen('Settings', { tab: 'billing' }));
    await witness.waitFor(sends('screen'), 'the screen');
    return { home: home.origin, visitor };
  } finally {
    home.close();
  }
});
