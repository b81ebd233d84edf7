// Sends AI events with posthog-node. The argument is a JSON object: host, token, unique (the
// distinct id), bytes (the size of the large event). Prints errors, paths and the events' uuids.
'use strict';
const { PostHog } = require('posthog-node');

const settings = JSON.parse(process.argv[2]);

async function main() {
  const errors = [];
  const paths = new Set();
  const client = new PostHog(settings.token, {
    host: settings.host,
    fetch: (url, options) => {
      paths.add(new URL(url).pathname);
      return fetch(url, options);
    },
  });
  client.on('error', (error) => errors.push(String(error)));
  const distinctId = settings.unique;
  const uuids = [
    client.captureAi({
      distinctId,
      event: '$ai_generation',
      properties: { $ai_model: 'm', $ai_input: 'x'.repeat(settings.bytes) },
    }),
    await client.captureAiImmediate({
      distinctId,
      event: '$ai_span',
      properties: { $ai_trace_id: 't' },
    }),
  ];
  await client.shutdown();
  console.log(JSON.stringify({ errors, paths: [...paths].sort(), uuids }));
}

main();
