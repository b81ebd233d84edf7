// Uses every call of @segment/analytics-node, once, and one message twice. The argument is a
// JSON object: host, token, unique (names the distinct ids), uuid, timestamp.
'use strict';
const { Analytics } = require('@segment/analytics-node');
const { segmentCalls } = require('./segment_calls.cjs');

const settings = JSON.parse(process.argv[2]);

async function main() {
  const errors = [];
  const client = new Analytics({ writeKey: settings.token, host: settings.host, flushAt: 4 });
  client.on('error', (error) => errors.push(String(error.reason || error)));
  const { first, rest } = segmentCalls(settings);
  first.forEach(([method, call]) => client[method](call));
  // Batches may overtake one another; what follows must find the identity known.
  await client.flush({ timeout: 30000 });
  rest.forEach(([method, call]) => client[method](call));
  await client.closeAndFlush({ timeout: 30000 });
  console.log(JSON.stringify({ errors }));
}

main();
