// Drives headless Chromium on pages of our own: what a program needs to test a library that is
// made for browsers. The pages come from `serve_site`, the library from its npm package.
'use strict';
const { EventEmitter, once } = require('events');
const fs = require('fs');
const http = require('http');
const zlib = require('zlib');
const { chromium } = require('playwright-core');

const answerMs = 20_000;

// Debian's Chromium without its own errands, and without what tells it from a visitor's browser:
// libraries throw the events of robots away.
const chromiumFlags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--disable-blink-features=AutomationControlled'];
const userAgent =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36';

// A site on a loopback port of its own: `files` maps a path to a file's name or a page's text.
async function serveSite(host, files) {
  const server = http.createServer((request, response) => {
    const path = request.url.split('?')[0];
    const found = files[path];
    if (path === '/favicon.ico') return response.writeHead(204).end();
    if (found === undefined) return response.writeHead(404).end();
    if (!found.startsWith('/')) {
      return response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(found);
    }
    response.writeHead(200, { 'content-type': 'text/javascript; charset=utf-8' });
    return fs.createReadStream(found).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, host, resolve));
  return { origin: `http://${host}:${server.address().port}`, close: () => server.close() };
}

// The JSON of a request's body, and how it was packed.
function unpack(bytes) {
  if (!bytes) return { packed: false };
  const packed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const text = (packed ? zlib.gunzipSync(bytes) : bytes).toString();
  try {
    return { packed, json: JSON.parse(text) };
  } catch {
    return { packed, text };
  }
}

// What becomes of a beacon is not told to us once its page is gone, so the page writes it down,
// in the one place that it can still reach then.
const beaconsKey = 'millrace_test_beacons';
function writeBeaconsDown(key) {
  const send = navigator.sendBeacon.bind(navigator);
  navigator.sendBeacon = (url, body) => {
    const taken = send(url, body);
    const before = JSON.parse(localStorage.getItem(key) ?? '[]');
    localStorage.setItem(key, JSON.stringify([...before, { url, taken }]));
    return taken;
  };
}

async function beaconsOf(context) {
  const { origins } = await context.storageState();
  const notes = origins.flatMap((origin) => origin.localStorage);
  return notes.filter(({ name }) => name === beaconsKey).flatMap(({ value }) => JSON.parse(value));
}

// Everything that a page asked of `host`, with its answers, and everything that went wrong.
class Witness {
  constructor(context, host) {
    this.news = new EventEmitter();
    this.requests = [];
    this.complaints = [];
    this.host = host;
    context.on('request', (request) => this.saw(request));
    context.on('response', (response) => this.answered(response));
    context.on('requestfailed', (request) => this.complaints.push(
      `${request.method()} ${request.url()}: ${request.failure()?.errorText}`));
    context.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) {
        this.complaints.push(`console ${message.type()}: ${message.text()}`);
      }
    });
    context.on('weberror', (error) => this.complaints.push(String(error.error())));
  }

  saw(request) {
    if (!request.url().startsWith(this.host) || request.resourceType() === 'ping') return;
    const url = new URL(request.url());
    const headers = request.headers();
    this.requests.push({
      request,
      method: request.method(),
      path: url.pathname,
      query: url.search,
      kind: request.resourceType(),
      encoding: headers['content-encoding'] ?? '',
      type: headers['content-type'] ?? '',
      ...unpack(request.postDataBuffer()),
    });
  }

  answered(response) {
    const seen = this.requests.find((entry) => entry.request === response.request());
    if (seen) seen.status = response.status();
    this.news.emit('answer');
    if (response.status() >= 400) this.complaints.push(`${response.status()} ${response.url()}`);
  }

  // Waits until a request that `matches` was answered.
  waitFor(matches, what) {
    return this.until(() => this.requests.some((entry) => entry.status && matches(entry)), what);
  }

  // Waits until nothing is under way.
  settled() {
    return this.until(() => this.requests.every((entry) => entry.status), 'answers');
  }

  async until(condition, what) {
    const signal = AbortSignal.timeout(answerMs);
    while (!condition()) {
      await once(this.news, 'answer', { signal }).catch(() => {
        throw new Error(`still waiting for ${what}`);
      });
    }
  }

  told() {
    return this.requests.map(({ request, ...entry }) => entry);
  }
}

// Runs `scenario(context, witness)`, then prints one JSON object: what it returned, requests and
// complaints. A picture of the last page is left in `settings.picture`, also after a failure.
async function inBrowser(settings, scenario) {
  const browser = await chromium.launch({
    executablePath: process.env.E2E_CHROMIUM || '/usr/bin/chromium',
    args: [...chromiumFlags, `--user-agent=${userAgent}`],
    ignoreDefaultArgs: ['--enable-automation'],
  });
  const context = await browser.newContext();
  context.setDefaultTimeout(answerMs);
  await context.addInitScript(writeBeaconsDown, beaconsKey);
  const witness = new Witness(context, settings.host);
  try {
    const result = await scenario(context, witness);
    await witness.settled();
    console.log(JSON.stringify({ ...result, requests: witness.told(),
      beacons: await beaconsOf(context), complaints: witness.complaints }));
  } catch (error) {
    console.error(error, JSON.stringify(witness.told(), null, 1), witness.complaints);
    process.exitCode = 1;
  } finally {
    await context.pages().at(-1)?.screenshot({ path: settings.picture });
    await browser.close();
  }
}

module.exports = { inBrowser, serveSite };
