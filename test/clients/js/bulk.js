// The official JavaScript client, unmodified, reads a hundred thousand conversations: by the largest pages of a job, and
// by the synchronous query, a day at a time. Both must give the same. Prints one line and exits with 0, or says what was
// wrong and exits with 1.
//
// Environment: as client.js; PARLEY_EXPECT, the number of conversations.
'use strict';

const assert = require('node:assert/strict');
const platform = require('purecloud-platform-client-v2');

const PAGE_OF_JOB = 10_000; // the platform's largest
const PAGE_OF_QUERY = 100; // likewise
const MOST = 1024; // characters of an attribute
const DAY = 24 * 60 * 60 * 1000;

const url = new URL(process.env.PARLEY_URL);
const from = new Date(process.env.PARLEY_FROM);
const to = new Date(process.env.PARLEY_TO);
const expected = Number(process.env.PARLEY_EXPECT);
const client = platform.ApiClient.instance;
const analytics = new platform.AnalyticsApi();
const interval = (start, end) => `${start.toISOString()}/${end.toISOString()}`;

async function fulfilled(jobId) {
  for (let poll = 0; poll < 600; poll++) {
    const { state, errorMessage } = await analytics.getAnalyticsConversationsDetailsJob(jobId);
    if (state === 'FULFILLED') return;
    assert.ok(['QUEUED', 'PENDING'].includes(state), `state ${state}: ${errorMessage}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('the job was not fulfilled within two minutes');
}

// ofJob gives the ids of a job's results and the length of the longest attribute.
async function ofJob() {
  const { jobId } = await analytics.postAnalyticsConversationsDetailsJobs({
    interval: interval(from, to), startOfDayIntervalMatching: true,
  });
  await fulfilled(jobId);
  const ids = [];
  let cursor, last = '', longest = 0;
  do {
    const page = await analytics.getAnalyticsConversationsDetailsJobResults(jobId, { cursor, pageSize: PAGE_OF_JOB });
    for (const c of page.conversations) {
      assert.ok(c.conversationStart >= last, 'the job is not in order');
      last = c.conversationStart;
      ids.push(c.conversationId);
      for (const p of c.participants) {
        for (const text of Object.entries(p.attributes ?? {}).flat()) longest = Math.max(longest, [...text].length);
      }
    }
    cursor = page.cursor;
  } while (cursor);
  return { ids, longest };
}

// ofQuery gives the ids that the synchronous query has, page after page until one has no conversations.
async function ofQuery() {
  const ids = [];
  for (let day = from; day < to; day = new Date(day.getTime() + DAY)) {
    for (let pageNumber = 1; ; pageNumber++) {
      const answer = await analytics.postAnalyticsConversationsDetailsQuery({
        interval: interval(day, new Date(day.getTime() + DAY)), paging: { pageSize: PAGE_OF_QUERY, pageNumber },
      });
      if (!answer.conversations) break;
      for (const c of answer.conversations) ids.push(c.conversationId);
    }
  }
  return ids;
}

async function main() {
  client.setGateway({ host: url.hostname, protocol: url.protocol.replace(':', ''), port: Number(url.port) });
  await client.loginClientCredentialsGrant(process.env.PARLEY_CLIENT_ID, process.env.PARLEY_CLIENT_SECRET);
  const job = await ofJob();
  assert.equal(job.ids.length, expected, 'conversations of the job');
  assert.equal(new Set(job.ids).size, expected, 'conversations of the job, each once');
  assert.ok(job.longest === MOST, `the longest attribute has ${job.longest} characters`);
  const query = await ofQuery();
  assert.deepEqual([...new Set(query)].sort(), [...job.ids].sort(), 'conversations of the job and of the daily queries');
  console.log(`${job.ids.length} conversations by a job, and the same by daily queries; longest attribute ${job.longest}`);
}

main().then(
  () => process.exit(0), // the client goes on watching its configuration file
  (err) => {
    console.error(err);
    process.exit(1);
  });
