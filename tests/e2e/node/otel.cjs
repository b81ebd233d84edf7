// Exports spans with OpenTelemetry's SDK. The argument is a JSON object: host, path, token, unique
// (the person), form (`proto` or `http`, which is JSON), compression, chat (attributes). Prints what
// the SDK complained of, the trace's id and the spans' ids by name.
'use strict';
const { context, diag, trace, DiagLogLevel, SpanStatusCode } = require('@opentelemetry/api');
const { BatchSpanProcessor, TracerProvider } = require('@opentelemetry/sdk-trace');
const { resourceFromAttributes } = require('@opentelemetry/resources');

const settings = JSON.parse(process.argv[2]);
const { OTLPTraceExporter } = require(`@opentelemetry/exporter-trace-otlp-${settings.form}`);

async function main() {
  const complaints = [];
  const complain = (...words) => complaints.push(words.map(String).join(' '));
  const quiet = () => {};
  diag.setLogger(
    { error: complain, warn: complain, info: quiet, debug: quiet, verbose: quiet },
    DiagLogLevel.WARN,
  );
  const exporter = new OTLPTraceExporter({
    url: settings.host + settings.path,
    headers: { Authorization: `Bearer ${settings.token}` },
    compression: settings.compression,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'shop', 'user.id': settings.unique }),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer('tests', '6.7.1');
  const spans = {};
  let traceId = '';
  const record = (name, attributes, parent, failure) => {
    const under = parent ? trace.setSpan(context.active(), parent) : context.active();
    const span = tracer.startSpan(name, { attributes }, under);
    if (failure) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
    ({ traceId, spanId: spans[name] } = span.spanContext());
    return span;
  };
  const agent = record('agent', { 'gen_ai.operation.name': 'invoke_agent' });
  const chat = record('chat', settings.chat, agent);
  await new Promise((resolve) => setImmediate(resolve));
  chat.end();
  record('tool', { 'gen_ai.tool.name': 't' }, agent, 'no luck').end();
  record('GET', { 'http.request.method': 'GET' }, agent).end();
  agent.end();
  await provider.forceFlush();
  await provider.shutdown();
  console.log(JSON.stringify({ complaints, traceId, spans }));
}

main();
