// Downloads a day's conversations by an asynchronous job, with the official client, into DAY.ndjson: a record a line.
//
//   node download.js [--base-url URL] [--out FOLDER] [--page-size N] [--poll SECONDS] [DAY]
//
// DAY is a UTC day, yesterday if none is given. GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET say who asks, and
// GENESYS_ENVIRONMENT (mypurecloud.com) whom, if it is not the sandbox at --base-url. Exit code 3: the platform does not have
// all of the day yet, run again later.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { parseArgs } = require('node:util');
const platform = require('purecloud-platform-client-v2');

const TRIES = 8; // of a request
const JOBS = 3; // of a day
const JOB_MAY_TAKE = 2 * 60 * 60; // seconds

class Lost extends Error {} // a job that gives no more results, for whatever reason: a new one may
class NotYet extends Error {} // a day that the platform does not have all of

const client = platform.ApiClient.instance;
const analytics = new platform.AnalyticsApi();

function need(name) {
  if (!process.env[name]) throw new Error(`${name} is not set`);
  return process.env[name];
}

function point({ 'base-url': url }) {
  need('GENESYS_CLIENT_ID');
  need('GENESYS_CLIENT_SECRET');
  client.returnExtended = true; // an error then has its status and headers too: Retry-After is among them
  client.timeout = 120_000; // the client's own 16 s are few for a page of a thousand records
  if (!url) return client.setEnvironment(need('GENESYS_ENVIRONMENT'));
  const { protocol, hostname, port } = new URL(url);
  client.setGateway({ protocol: protocol.replace(':', ''), host: hostname, port: Number(port) });
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
      await logIn(); // tokens expire, in the middle of a download too
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

// fromJob is for calls about a job: a job that is not there, and a cursor that is refused, are lost.
const fromJob = (call) => ask(call).catch((err) => {
  throw err.status === 404 || err.status === 400 ? new Lost(err.message) : err;
});

function checkComplete(end, { dataAvailabilityDate }) {
  if (!(new Date(dataAvailabilityDate) >= end)) throw new NotYet(`not yet: data is complete up to ${dataAvailabilityDate} only`);
}

async function fulfilled(jobId, poll) {
  for (let waited = 0; waited < JOB_MAY_TAKE; waited += poll) {
    await sleep(1000 * poll);
    const { state, errorMessage } = await fromJob(() => analytics.getAnalyticsConversationsDetailsJob(jobId));
    if (state === 'FULFILLED') return;
    if (state !== 'QUEUED' && state !== 'PENDING') throw new Lost(`the job is ${state} ${errorMessage ?? ''}`);
  }
  throw new Lost(`the job is not done after ${JOB_MAY_TAKE} s`);
}

// records are those of a job, by their id: a page can come twice, be empty, or have no conversations at all. The last page is
// the one without a cursor.
async function records(start, end, { 'page-size': pageSize, poll }) {
  const { jobId } = await ask(() => analytics.postAnalyticsConversationsDetailsJobs({
    interval: `${start.toISOString()}/${end.toISOString()}`,
    order: 'asc',
    orderBy: 'conversationStart',
    startOfDayIntervalMatching: true, // otherwise it also finds conversations of earlier days that went on
  }));
  try {
    await fulfilled(jobId, Number(poll));
    const found = new Map();
    for (let cursor; ;) {
      const page = await fromJob(() => analytics.getAnalyticsConversationsDetailsJobResults(jobId, { cursor, pageSize: Number(pageSize) }));
      checkComplete(end, page); // the date can go back while the job runs
      for (const record of page.conversations ?? []) found.set(record.conversationId, record);
      if (!(cursor = page.cursor)) return found.values();
    }
  } finally {
    await analytics.deleteAnalyticsConversationsDetailsJob(jobId).catch(() => {}); // what is left expires by itself
  }
}

async function download(day, options) {
  const start = new Date(`${day}T00:00:00.000Z`);
  const end = new Date(start.getTime() + 24 * 60 * 60 * 1000);
  point(options);
  await logIn();
  checkComplete(end, await ask(() => analytics.getAnalyticsConversationsDetailsJobsAvailability()));
  for (let jobs = 1; ; jobs++) {
    try {
      // A lost job leaves nothing: the next one begins with an empty list, so that no record is there twice.
      const lines = Array.from(await records(start, end, options), (record) => JSON.stringify(record) + '\n');
      const name = path.join(options.out, `${day}.ndjson`);
      fs.writeFileSync(`${name}.part`, lines.join(''), { flush: true });
      fs.renameSync(`${name}.part`, name); // whole or not at all
      return console.log(`${day}: ${lines.length} conversations`);
    } catch (err) {
      if (!(err instanceof Lost) || jobs === JOBS) throw err;
      console.error(`${err.message}; submitting another job`);
    }
  }
}

const text = (value) => ({ type: 'string', default: value });
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'base-url': { type: 'string' }, out: text('.'), 'page-size': text('1000'), poll: text('10') },
});
const yesterday = new Date(Date.now() - 24 * 60 * 60 * 1000).toISOString().slice(0, 10);
download(positionals[0] ?? yesterday, options).then(
  () => process.exit(0), // the client goes on watching its configuration file
  (err) => {
    console.error(err.message);
    process.exit(err instanceof NotYet ? 3 : 1);
  });
