// Uses every call of posthog-node that sends an event, once. The argument is a JSON object:
// host, token, unique (names the distinct ids), gzip, immediate (the calls that wait), mode (the
// wire format, v0 unless it is given). Prints the errors and the paths that events were sent to.
'use strict';
const { PostHog } = require('posthog-node');

const settings = JSON.parse(process.argv[2]);
const { unique } = settings;
const user = `${unique}-user`;
const visitor = `${unique}-visitor`;
const alias = `${unique}-alias`;
const group = `${unique}-group`;

async function main() {
  if (settings.mode) process.env.POSTHOG_CAPTURE_MODE = settings.mode;
  const errors = [];
  const paths = new Set();
  const client = new PostHog(settings.token, {
    host: settings.host,
    flushAt: 4,
    disableCompression: !settings.gzip,
    fetch: (url, options) => {
      paths.add(new URL(url).pathname);
      return fetch(url, options);
    },
  });
  client.on('error', (error) => errors.push(String(error)));
  const call = (name, ...args) => {
    const method = settings.immediate && client[`${name}Immediate`] ? `${name}Immediate` : name;
    return client[method](...args);
  };

  await call('capture', {
    distinctId: visitor,
    event: '$pageview',
    properties: { $current_url: 'https://shop.test/a?b=1' },
  });
  await call('capture', {
    distinctId: user,
    event: 'signed up',
    uuid: settings.uuid,
    timestamp: new Date(settings.timestamp),
    properties: { plan: 'größte', seats: 3, ratio: 0.25, deep: { a: [1] } },
  });
  await call('capture', {
    distinctId: user,
    event: '$identify',
    properties: { $anon_distinct_id: visitor, $set: { city: 'Graz' } },
  });
  await call('identify', { distinctId: user, properties: { name: 'Ada' } });
  await call('alias', { distinctId: user, alias });
  await call('groupIdentify', {
    groupType: 'company',
    groupKey: group,
    properties: { name: 'Acme', size: 11 },
    distinctId: user,
  });
  await call('capture', { distinctId: user, event: 'grouped', groups: { company: group } });
  await call('capture', { distinctId: alias, event: 'by alias' });
  if (settings.immediate) {
    await client.captureExceptionImmediate(new Error('something broke'), user);
  } else {
    client.setPersonProperties({
      distinctId: user,
      properties: { role: 'owner', temporary: 1 },
      propertiesOnce: { first_seen: 'today' },
    });
    client.unsetPersonProperties({ distinctId: user, properties: ['temporary'] });
    client.captureException(new Error('something broke'), user);
    client.capture({ distinctId: user, event: 'last' });
  }
  await client.shutdown();
  console.log(JSON.stringify({ errors, paths: [...paths] }));
}

main();
