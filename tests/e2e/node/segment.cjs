// Uses every call of @segment/analytics-node, once, and one message twice. The argument is a
// JSON object: host, token, unique (names the distinct ids).
'use strict';
const { Analytics } = require('@segment/analytics-node');

const settings = JSON.parse(process.argv[2]);
const { unique } = settings;
const user = `${unique}-user`;
const visitor = `${unique}-visitor`;
const earlier = `${unique}-earlier`;
const group = `${unique}-group`;

async function main() {
  const errors = [];
  const client = new Analytics({ writeKey: settings.token, host: settings.host, flushAt: 4 });
  client.on('error', (error) => errors.push(String(error.reason || error)));

  client.page({
    anonymousId: visitor,
    category: 'docs',
    name: 'Start',
    properties: { url: 'https://shop.test/a?b=1', title: 'A page', referrer: 'https://from.test/' },
  });
  client.track({
    userId: user,
    event: 'signed up',
    timestamp: new Date(settings.timestamp),
    messageId: settings.uuid,
    properties: { plan: 'größte', seats: 3, ratio: 0.25, deep: { a: [1] } },
    context: { ip: '203.0.113.7', userAgent: 'Tester/1.0', campaign: { source: 'news' } },
  });
  client.identify({ userId: user, anonymousId: visitor, traits: { name: 'Ada', role: 'owner' } });
  client.screen({ userId: user, name: 'Settings', properties: { tab: 'billing' } });
  // Batches may overtake one another; what follows must find the identity known.
  await client.flush({ timeout: 30000 });
  client.alias({ userId: user, previousId: earlier });
  client.group({
    userId: user,
    groupId: group,
    traits: { groupType: 'company', name: 'Acme', size: 11 },
  });
  client.track({ anonymousId: visitor, event: 'anonymous step' });
  for (const attempt of [1, 2]) {
    client.track({ userId: user, event: 'repeated', messageId: `${unique}-message`,
      timestamp: new Date(settings.timestamp), properties: { attempt } });
  }
  await client.closeAndFlush({ timeout: 30000 });
  console.log(JSON.stringify({ errors }));
}

main();
