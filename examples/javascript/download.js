// Downloads a day's conversations by an asynchronous job, with the official client, into DAY.ndjson: a record a line.
//
//   node download.js [--base-url URL] [--out FOLDER] [--page-size N] [--poll SECONDS] [DAY]
//
// DAY is a UTC day, yesterday if none is given. GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET say who asks, and
// GENESYS_ENVIRONMENT (mypurecloud.com) whom, if it is not the sandbox at --base-url. Exit code 3: the platform does not have
// all of the day yet, run again later.
'use strict';

const path = require('node:path');
const { NotYet, analytics, ask, dayOf, run, sleep, writeWhole } = require('./genesys.js');

const JOBS = 3; // of a day
const JOB_MAY_TAKE = 2 * 60 * 60; // seconds

class Lost extends Error {} // a job that gives no more results, for whatever reason: a new one may

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
      if (page.cursor && page.cursor === cursor) throw new Lost('a page of the job leads to itself');
      if (!(cursor = page.cursor)) return found.values();
    }
  } finally {
    await analytics.deleteAnalyticsConversationsDetailsJob(jobId).catch(() => {}); // what is left expires by itself
  }
}

async function download(options, [given]) {
  const { day, start, end } = dayOf(given, 1);
  checkComplete(end, await ask(() => analytics.getAnalyticsConversationsDetailsJobsAvailability()));
  for (let jobs = 1; ; jobs++) {
    try {
      // A lost job leaves nothing: the next one begins with an empty list, so that no record is there twice.
      const lines = Array.from(await records(start, end, options), (record) => JSON.stringify(record) + '\n');
      writeWhole(path.join(options.out, `${day}.ndjson`), lines.join(''));
      return console.log(`${day}: ${lines.length} conversations`);
    } catch (err) {
      if (!(err instanceof Lost) || jobs === JOBS) throw err;
      console.error(`${err.message}; submitting another job`);
    }
  }
}

run(download, { out: '.', 'page-size': '1000', poll: '10' });
