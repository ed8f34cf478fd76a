// Brings a day's conversations by an asynchronous job into DAY.parquet, a folder with a Parquet file for each page, as pandas,
// DuckDB and Spark read it.
//
//   node pipeline.js [--base-url URL] [--out FOLDER] [--page-size N] [--poll SECONDS] [DAY]
//
// DAY is a UTC day, yesterday if none is given. Killed at any point, it goes on at the page where it was when it is run again.
// Exit code 3: the platform does not have all of the day yet, run again later.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { NotYet, analytics, ask, dayOf, found, run, sleep, writeWhole } = require('./genesys.js');

const JOBS = 3; // of a run, when they are lost
const JOB_MAY_TAKE = 2 * 60 * 60; // seconds
const TOLERANCE = 0.05; // between the records and what the synchronous query counts

class Lost extends Error {} // a job that gives no more results, for whatever reason: a new one may

// fromJob is for calls about a job: a job that is not there, and a cursor that is refused, are lost.
const fromJob = (call) => ask(call).catch((err) => {
  throw err.status === 404 || err.status === 400 ? new Lost(err.message) : err;
});

function checkComplete(end, { dataAvailabilityDate }) {
  if (!(new Date(dataAvailabilityDate) >= end)) throw new NotYet(`not yet: data is complete up to ${dataAvailabilityDate} only`);
}

const pageFile = (folder, n) => path.join(folder, `page-${String(n).padStart(5, '0')}.parquet`);

// The state is what a later process has to know, written anew behind each page. Names with an underscore are passed over by those
// who read a folder of Parquet files.
const stateFile = (folder) => path.join(folder, '_state.json');
const save = (folder, state) => writeWhole(stateFile(folder), JSON.stringify(state));

// begin gives the state of the run before, or that of a job that is submitted.
async function begin(folder, start, end) {
  if (fs.existsSync(stateFile(folder))) return JSON.parse(fs.readFileSync(stateFile(folder), 'utf8'));
  const { jobId } = await ask(() => analytics.postAnalyticsConversationsDetailsJobs({
    interval: `${start.toISOString()}/${end.toISOString()}`,
    order: 'asc',
    orderBy: 'conversationStart',
    startOfDayIntervalMatching: true, // otherwise it also finds conversations of earlier days that went on
  }));
  const state = { job: jobId, cursor: undefined, pages: 0, records: 0, twice: 0, done: false };
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  save(folder, state);
  return state;
}

// fulfilled asks after 10 seconds, 20, 40, up to 120, and a little more by chance, so that many who began at once do not ask at once.
async function fulfilled(job, poll) {
  for (let waited = 0, wait = poll; waited < JOB_MAY_TAKE; waited += wait, wait = Math.min(2 * wait, 12 * poll)) {
    const { state, errorMessage } = await fromJob(() => analytics.getAnalyticsConversationsDetailsJob(job));
    if (state === 'FULFILLED') return;
    if (state !== 'QUEUED' && state !== 'PENDING') throw new Lost(`the job is ${state} ${errorMessage ?? ''}`);
    await sleep(1000 * wait * (1 + Math.random() / 2));
  }
  throw new Lost(`the job is not done after ${JOB_MAY_TAKE} s`);
}

// columns are what most questions ask for, and the record itself for the others.
function columns(records) {
  const sessions = (record) => (record.participants ?? []).flatMap((p) => p.sessions ?? []);
  const handled = (record) => sessions(record).flatMap((s) => s.metrics ?? []).filter((m) => m.name === 'tHandle').reduce((n, m) => n + m.value, 0);
  const column = (name, type, value, nullable = true) => ({ name, type, nullable, data: records.map(value) });
  return [
    column('conversation_id', 'STRING', (r) => r.conversationId, false),
    column('conversation_start', 'TIMESTAMP', (r) => new Date(r.conversationStart), false),
    column('conversation_end', 'TIMESTAMP', (r) => (r.conversationEnd ? new Date(r.conversationEnd) : null)),
    column('originating_direction', 'STRING', (r) => r.originatingDirection ?? null),
    column('media_type', 'STRING', (r) => sessions(r).find((s) => s.mediaType)?.mediaType ?? null),
    column('handle_ms', 'INT64', (r) => BigInt(handled(r))),
    column('record', 'STRING', (r) => JSON.stringify(r), false),
  ];
}

// readPages reads the pages that are not there yet, one at a time: first the file of a page is written, and then the state. Killed
// between the two, the page is read again, into the same file.
async function readPages(folder, { start, end, pageSize, poll }) {
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  const state = await begin(folder, start, end);
  if (state.done) return state; // killed after the last page
  await fulfilled(state.job, poll);
  const seen = await readIds(folder, state.pages);
  while (!state.done) {
    const { cursor } = state;
    const page = await fromJob(() => analytics.getAnalyticsConversationsDetailsJobResults(state.job, { cursor, pageSize }));
    checkComplete(end, page); // the date can go back while the job is read
    if (page.cursor && page.cursor === cursor) throw new Lost('a page of the job leads to itself');
    const all = page.conversations ?? [];
    const records = all.filter(({ conversationId: id }) => !seen.has(id) && seen.add(id)); // a page can come twice
    writeWhole(pageFile(folder, state.pages), Buffer.from(parquetWriteBuffer({ columnData: columns(records) })));
    state.cursor = page.cursor;
    state.done = !page.cursor;
    state.pages++;
    state.records += records.length;
    state.twice += all.length - records.length;
    save(folder, state);
  }
  await analytics.deleteAnalyticsConversationsDetailsJob(state.job).catch(() => {}); // what is left expires by itself
  return state;
}

async function readIds(folder, pages) {
  const { asyncBufferFromFile, parquetReadObjects } = await import('hyparquet');
  const seen = new Set();
  for (let n = 0; n < pages; n++) {
    const file = await asyncBufferFromFile(pageFile(folder, n));
    for (const row of await parquetReadObjects({ file, columns: ['conversation_id'] })) seen.add(row.conversation_id);
  }
  return seen;
}

// bring reads a job to its end, or another one if it is lost: a new job may have another order, so it begins with nothing.
async function bring(folder, options) {
  checkComplete(options.end, await ask(() => analytics.getAnalyticsConversationsDetailsJobsAvailability()));
  for (let jobs = 1; ; jobs++) {
    try {
      return await readPages(folder, options);
    } catch (err) {
      if (!(err instanceof Lost)) throw err;
      fs.rmSync(folder, { recursive: true, force: true });
      if (jobs === JOBS) throw err;
      console.error(`${err.message}; submitting another job`);
    }
  }
}

async function main(options, [text]) {
  const { day, start, end } = dayOf(text, 1);
  const name = path.join(options.out, day), partial = `${name}.partial`;
  const { records, twice } = await bring(partial, { start, end, pageSize: Number(options['page-size']), poll: Number(options.poll) });
  const { totalHits = 0 } = await found(start, end, 1, 1); // it goes another way through the platform
  if (Math.abs(totalHits - records) > TOLERANCE * totalHits) {
    fs.rmSync(partial, { recursive: true }); // the next run begins anew
    throw new NotYet(`not yet: the job gave ${records} conversations, and the query counts ${totalHits}`);
  }
  // Whoever reads the folder sees all of the day, or that of the run before.
  fs.rmSync(`${name}.parquet`, { recursive: true, force: true });
  fs.renameSync(partial, `${name}.parquet`);
  console.log(`${day}: ${records} conversations, ${twice} of them twice`);
}

run(main, { out: '.', 'page-size': '1000', poll: '10' });
