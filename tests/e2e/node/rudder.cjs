// Uses every call of @rudderstack/rudder-sdk-node, once, and one message twice. The argument is a
// JSON object: host, token, unique (names the distinct ids), uuid, timestamp, gzip.
'use strict';
const Analytics = require('@rudderstack/rudder-sdk-node');
const { segmentCalls } = require('./segment_calls.cjs');

const settings = JSON.parse(process.argv[2]);

async function main() {
  const errors = [];
  let fail;
  const failed = new Promise((resolve) => { fail = resolve; });
  const client = new Analytics(settings.token, {
    dataPlaneUrl: settings.host,
    gzip: settings.gzip,
    logLevel: 'none',
    errorHandler: (error) => {
      errors.push(String(error));
      fail();
    },
  });
  let delivered = 0;
  const { first, rest } = segmentCalls(settings);
  const answers = [...first, ...rest].map(([method, call]) => new Promise((resolve) => {
    client[method](call, (error) => {
      if (!error) delivered += 1;
      resolve();
    });
  }));
  await client.flush();
  // The first call is sent by itself at once, and flush does not wait for that.
  await Promise.race([Promise.all(answers), failed]);
  console.log(JSON.stringify({ errors, delivered }));
  process.exit(0);
}

main();
