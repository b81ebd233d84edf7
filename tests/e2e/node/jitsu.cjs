// Uses every call of @jitsu/js in Node, once. The argument is a JSON object: host, key, unique
// (names the ids), s2s.
'use strict';
const { jitsuAnalytics } = require('@jitsu/js');

const settings = JSON.parse(process.argv[2]);
const { unique } = settings;

async function main() {
  const complaints = [];
  const answers = [];
  const errorPolicy = (message) => complaints.push(message);
  const witnessed = async (url, options) => {
    const answer = await fetch(url, options);
    answers.push([new URL(url).pathname, answer.status, await answer.clone().text()]);
    return answer;
  };
  const common = { host: settings.host, writeKey: settings.key, s2s: settings.s2s, errorPolicy,
    fetch: witnessed };
  // First, because the library keeps what one call's context held for all calls and clients after.
  const shy = jitsuAnalytics({ ...common,
    privacy: { disableUserIds: true, ipPolicy: 'remove' } });
  await shy.track(`${unique} unknown`);

  const client = jitsuAnalytics(common);
  client.setAnonymousId(`${unique}-visitor`);
  client.setContextProperty('campaign', { source: 'news' });
  await client.page('Start', {
    url: 'https://shop.test/a?b=1', title: 'A page', referrer: 'https://from.test/',
  });
  await client.track('signed up', {
    plan: 'größte', seats: 3, ratio: 0.25, deep: { a: [1] },
    context: { ip: '203.0.113.7', userAgent: 'Tester/1.0' },
  });
  await client.identify(`${unique}-user`, { name: 'Ada', role: 'owner' });
  await client.group(`${unique}-group`, { groupType: 'company', name: 'Acme', size: 11 });
  await client.track('known step');
  await client.reset();
  client.setAnonymousId(`${unique}-later`);
  await client.track('another visitor');

  console.log(JSON.stringify({ complaints, answers }));
}

main();
