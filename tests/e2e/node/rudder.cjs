// Uses every call of @rudderstack/rudder-sdk-node, once, and one message twice. The argument is a
// JSON object: host, token, unique (names the distinct ids), uuid, timestamp, gzip.
'use strict';
const Analytics = require('@rudderstack/rudder-sdk-node');

const settings = JSON.parse(process.argv[2]);
const { unique } = settings;
const user = `${unique}-user`;
const visitor = `${unique}-visitor`;
const earlier = `${unique}-earlier`;
const group = `${unique}-group`;

async function main() {
  const errors = [];
  let delivered = 0;
  const client = new Analytics(settings.token, {
    dataPlaneUrl: settings.host,
    gzip: settings.gzip,
    logLevel: 'none',
    errorHandler: (error) => errors.push(String(error)),
  });
  const done = (error) => {
    if (!error) delivered += 1;
  };

  client.page({
    anonymousId: visitor,
    category: 'docs',
    name: 'Start',
    properties: { url: 'https://shop.test/a?b=1', title: 'A page', referrer: 'https://from.test/' },
  }, done);
  client.track({
    userId: user,
    event: 'signed up',
    timestamp: new Date(settings.timestamp),
    messageId: settings.uuid,
    properties: { plan: 'größte', seats: 3, ratio: 0.25, deep: { a: [1] } },
    context: { ip: '203.0.113.7', userAgent: 'Tester/1.0', campaign: { source: 'news' } },
  }, done);
  client.identify({
    userId: user, anonymousId: visitor, traits: { name: 'Ada', role: 'owner' },
  }, done);
  client.screen({ userId: user, name: 'Settings', properties: { tab: 'billing' } }, done);
  client.alias({ userId: user, previousId: earlier }, done);
  client.group({
    userId: user,
    groupId: group,
    traits: { groupType: 'company', name: 'Acme', size: 11 },
  }, done);
  client.track({ anonymousId: visitor, event: 'anonymous step' }, done);
  for (const attempt of [1, 2]) {
    client.track({ userId: user, event: 'repeated', messageId: `${unique}-message`,
      timestamp: new Date(settings.timestamp), properties: { attempt } }, done);
  }
  await client.flush();
  // The first call is sent by itself at once, and flush does not wait for that.
  const late = Date.now() + 10000;
  while (delivered < 9 && errors.length === 0 && Date.now() < late) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  console.log(JSON.stringify({ errors, delivered }));
  process.exit(0);
}

main();
