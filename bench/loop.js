// The usual loop with the official JavaScript client: a job is submitted, asked after, and its pages become NDJSON.
'use strict';

const fs = require('node:fs');
const platform = require('purecloud-platform-client-v2');

const { PARLEY_URL, PARLEY_CLIENT_ID, PARLEY_CLIENT_SECRET, PARLEY_INTERVAL, PARLEY_OUT } = process.env;
const PAGE = 1_000;
const POLL = 100; // milliseconds: a sandbox takes no minutes

async function main() {
  const url = new URL(PARLEY_URL);
  const client = platform.ApiClient.instance;
  client.setGateway({ host: url.hostname, protocol: url.protocol.replace(':', ''), port: Number(url.port) });
  await client.loginClientCredentialsGrant(PARLEY_CLIENT_ID, PARLEY_CLIENT_SECRET);
  const analytics = new platform.AnalyticsApi();

  const { jobId } = await analytics.postAnalyticsConversationsDetailsJobs({ interval: PARLEY_INTERVAL });
  for (;;) {
    const { state, errorMessage } = await analytics.getAnalyticsConversationsDetailsJob(jobId);
    if (state === 'FULFILLED') break;
    if (!['QUEUED', 'PENDING'].includes(state)) throw new Error(`the job is ${state}: ${errorMessage}`);
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }

  const out = fs.createWriteStream(PARLEY_OUT);
  let cursor, records = 0;
  do {
    const page = await analytics.getAnalyticsConversationsDetailsJobResults(jobId, { cursor, pageSize: PAGE });
    for (const conversation of page.conversations) out.write(JSON.stringify(conversation) + '\n');
    records += page.conversations.length;
    cursor = page.cursor;
  } while (cursor);
  await new Promise((resolve) => out.end(resolve));
  console.log(JSON.stringify({ records }));
}

main().then(
  () => process.exit(0), // the client goes on watching its configuration file
  (err) => {
    console.error(err);
    process.exit(1);
  });
