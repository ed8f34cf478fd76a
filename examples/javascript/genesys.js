// What the examples share: a client that is logged in, calls that are made until they are answered, and exit codes.
//
// GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET say who asks, and GENESYS_ENVIRONMENT (mypurecloud.com) whom, if it is not the
// sandbox at --base-url.
'use strict';

const fs = require('node:fs');
const { setTimeout: sleep } = require('node:timers/promises');
const { parseArgs } = require('node:util');
const platform = require('purecloud-platform-client-v2');

const TRIES = 8; // of a request

class NotYet extends Error {} // the platform does not have all of it yet: run again later, exit code 3

const client = platform.ApiClient.instance;
const analytics = new platform.AnalyticsApi();
const conversations = new platform.ConversationsApi();

function need(name) {
  if (!process.env[name]) throw new Error(`${name} is not set`);
  return process.env[name];
}

async function logInAt(url) {
  need('GENESYS_CLIENT_ID');
  need('GENESYS_CLIENT_SECRET');
  client.returnExtended = true; // an error then has its status and headers too: Retry-After is among them
  client.timeout = 120_000; // the client's own 16 s are few for a page of a thousand records
  if (url) {
    const { protocol, hostname, port } = new URL(url);
    client.setGateway({ protocol: protocol.replace(':', ''), host: hostname, port: Number(port) });
  } else {
    client.setEnvironment(need('GENESYS_ENVIRONMENT'));
  }
  await logIn();
}

const logIn = () => ask(async () => ({
  body: await client.loginClientCredentialsGrant(process.env.GENESYS_CLIENT_ID, process.env.GENESYS_CLIENT_SECRET),
}), false);

// ask makes a call until it is answered with JSON: again after 429, 5xx and a lost connection, and once after a new login.
async function ask(call, mayLogIn = true) {
  for (let tries = 1, wait = 0.5; ; tries++, wait *= 2) {
    let failure;
    try {
      const answer = await call();
      if (typeof answer.body === 'object') return answer.body;
      failure = { message: 'the answer is not JSON' }; // a body that was cut comes as a text, without an error
    } catch (err) {
      failure = err;
    }
    const status = failure.status ?? failure.response?.status; // none: there was no answer
    if (status === 401 && mayLogIn) {
      await logIn(); // tokens expire, in the middle of a day's pages too
      mayLogIn = false;
      continue;
    }
    const passes = status === undefined || status === 408 || status === 429 || status >= 500;
    if (!passes || tries === TRIES) {
      throw Object.assign(new Error(failure.body?.message ?? failure.message), { status });
    }
    await sleep(1000 * (retryAfter(failure.headers?.['retry-after']) ?? wait));
  }
}

// retryAfter is in seconds; the header has seconds or a date.
function retryAfter(header) {
  if (header === undefined) return undefined;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

// found is a page of the synchronous query, oldest conversations first. Pages count from 1 and have 100 at most.
const found = (start, end, pageNumber, pageSize) => ask(() => analytics.postAnalyticsConversationsDetailsQuery({
  interval: `${start.toISOString()}/${end.toISOString()}`,
  order: 'asc',
  orderBy: 'conversationStart',
  paging: { pageSize, pageNumber },
}));

// dayOf gives a day as a text, and its beginning and end.
function dayOf(text, daysAgo) {
  const day = text ?? new Date(Date.now() - daysAgo * 24 * 60 * 60 * 1000).toISOString().slice(0, 10);
  const start = new Date(`${day}T00:00:00.000Z`);
  return { day, start, end: new Date(start.getTime() + 24 * 60 * 60 * 1000) };
}

// writeWhole writes a file that is there whole or not at all, after a loss of power too.
function writeWhole(name, content) {
  fs.writeFileSync(`${name}.part`, content, { flush: true });
  fs.renameSync(`${name}.part`, name);
}

// run calls main with the options, of which these are the defaults, and what stands behind them. It ends the process with the exit
// code that a scheduler can act on: 3 is "later", 1 is "broken".
function run(main, defaults) {
  const options = { 'base-url': { type: 'string' } };
  for (const [name, value] of Object.entries(defaults)) options[name] = { type: 'string', default: value };
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  logInAt(values['base-url']).then(() => main(values, positionals)).then(
    () => process.exit(0), // the client goes on watching its configuration file
    (err) => {
      console.error(err.message);
      process.exit(err instanceof NotYet ? 3 : 1);
    });
}

module.exports = { NotYet, analytics, ask, conversations, dayOf, found, run, sleep, writeWhole };
