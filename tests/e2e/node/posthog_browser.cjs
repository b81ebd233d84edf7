// posthog-js in Chromium, with nothing but its host changed: a visit that becomes a user's, ends by
// leaving for a page of another origin, and goes on there. The argument is a JSON object: host,
// token, unique (names the ids), picture.
'use strict';
const path = require('path');
const { inBrowser, serveSite } = require('./browser.cjs');

const settings = JSON.parse(process.argv[2]);
const { host, token, unique } = settings;
const library = path.dirname(require.resolve('posthog-js'));

function page(title, script) {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>
${script}</head><body><h1>${title}</h1>
<button id="buy" class="primary">Buy now</button></body></html>`;
}

// As a bundler includes the package.
const asModule = `<script type="module">
import posthog from '/module.js';
window.posthog = posthog;
posthog.init(${JSON.stringify(token)}, { api_host: ${JSON.stringify(host)} });
</script>`;

// As a page without a bundler includes it: calls wait in an array for the script.
const asScript = `<script>
window.posthog = Object.assign([], { __SV: 1, _i: [[${JSON.stringify(token)},
  { api_host: ${JSON.stringify(host)} }, 'posthog']] });
</script><script async src="/array.js"></script>`;

function eventsIn(entry) {
  if (entry.method !== 'POST' || entry.path.startsWith('/flags')) return [];
  const events = entry.json?.batch ?? entry.json;
  return [events].flat().filter((event) => event?.event);
}

const carries = (name, where = () => true) => (entry) =>
  eventsIn(entry).some((event) => event.event === name && where(event));

async function visit(tab, witness, elsewhere) {
  await tab.waitForFunction(() => window.posthog?.__loaded);
  await witness.waitFor(carries('$pageview'), 'the pageview');
  // The configuration says that there are no flags: the library asks when its user does.
  await tab.evaluate(() => new Promise((resolve) => {
    window.posthog.onFeatureFlags(resolve);
    window.posthog.reloadFeatureFlags();
  }));
  await witness.waitFor((entry) => entry.path.startsWith('/flags'), 'the flags');
  const visitor = await tab.evaluate(() => window.posthog.get_distinct_id());
  await tab.click('#buy');
  await tab.evaluate(() => {
    window.posthog.capture('chose', { plan: 'größte', seats: 3, ratio: 0.25, deep: { a: [1] } });
    window.posthog.capture('paid', { filler: 'x'.repeat(2000) });
  });
  await witness.waitFor(carries('paid'), 'the batch');
  await tab.evaluate((name) => {
    window.posthog.identify(`${name}-user`, { name: 'Ada', role: 'owner' }, { first_seen: 'today' });
    window.posthog.group('company', `${name}-group`, { name: 'Acme', size: 11 });
    window.posthog.capture('grouped');
  }, unique);
  await witness.waitFor(carries('grouped'), 'what follows the identify');
  // Still in the library's queue when the page ends.
  await tab.evaluate((next) => {
    window.posthog.capture('leaving');
    window.location.href = next;
  }, elsewhere);
  return visitor;
}

async function visitElsewhere(tab, witness, origin) {
  await tab.waitForURL(`${origin}/**`);
  await tab.waitForFunction(() => window.posthog?.__loaded);
  const stranger = await tab.evaluate(() => window.posthog.get_distinct_id());
  await witness.waitFor(carries('$pageview', (event) =>
    event.properties.distinct_id === stranger), 'the pageview elsewhere');
  // The strictest request that a page can make: credentials, and headers that need a preflight.
  const answer = await tab.evaluate(async ([url, body]) => {
    const response = await fetch(url, { method: 'POST', credentials: 'include', body,
      headers: { 'content-type': 'application/json', traceparent: '00-1-1-01', baggage: 'a=b' } });
    return { status: response.status, json: await response.json() };
  }, [`${host}/i/v0/e/`, JSON.stringify({ token, event: 'with credentials',
    distinct_id: `${unique}-stranger` })]);
  return { stranger, answer };
}

inBrowser(settings, async (context, witness) => {
  const home = await serveSite('127.0.0.1', {
    '/': page('A shop', asModule), '/module.js': `${library}/module.js` });
  const other = await serveSite('localhost', {
    '/': page('Another site', asScript), '/array.js': `${library}/array.js` });
  try {
    const tab = await context.newPage();
    await tab.goto(`${home.origin}/?utm_source=news`);
    const visitor = await visit(tab, witness, `${other.origin}/`);
    const elsewhere = await visitElsewhere(tab, witness, other.origin);
    return { home: home.origin, other: other.origin, visitor, ...elsewhere };
  } finally {
    home.close();
    other.close();
  }
});
