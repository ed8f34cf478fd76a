// Writes a day's conversations into DAY.csv, a row for each, by the synchronous query: what has happened up to this moment, long
// before jobs have it.
//
//   node paged.js [--base-url URL] [--out FOLDER] [DAY]
//
// DAY is a UTC day, today if none is given. Times but startTime and endTime are in milliseconds. A conversation that goes on has
// no endTime. Exit code 3: the platform counts more conversations than it gives, run again later.
'use strict';

const path = require('node:path');
const { NotYet, dayOf, found, run, writeWhole } = require('./genesys.js');

const PAGE = 100; // the platform's largest
const REACH = 100_000; // conversations that pages reach
const SHORTEST = 60 * 60 * 1000; // ms, of the intervals into which a day is cut
const READINGS = 3; // of all pages
const COLUMNS = ['conversationId', 'mediaType', 'wrapUpCode', 'totalHandleTime', 'talkTime', 'holdTime', 'holdCount', 'startTime', 'endTime'];

const once = (words) => [...new Set(words.filter(Boolean))].join(' ');
const sum = (values) => values.reduce((a, b) => a + b, 0);

// row has several media, or codes, in one field, each once, in the order of the record. tTalk and tHeld are emitted at each end of
// talking and of holding, so that they can be added while a conversation goes on, and tHandle when an agent is done with it.
function row(record) {
  const sessions = (record.participants ?? []).flatMap((p) => p.sessions ?? []);
  const segments = sessions.flatMap((s) => s.segments ?? []);
  const metrics = sessions.flatMap((s) => s.metrics ?? []);
  const values = (name) => metrics.filter((m) => m.name === name).map((m) => m.value);
  return {
    conversationId: record.conversationId,
    mediaType: once(sessions.map((s) => s.mediaType)),
    wrapUpCode: once(segments.map((g) => g.wrapUpCode)),
    totalHandleTime: sum(values('tHandle')),
    talkTime: sum(values('tTalk')),
    holdTime: sum(values('tHeld')),
    holdCount: values('tHeld').length,
    startTime: record.conversationStart,
    endTime: record.conversationEnd ?? '',
  };
}

// find adds the rows of an interval, by id. Pages shift by one when a conversation comes into being while they are read, and one is
// then passed over: they are read again until there are as many as are counted. An interval with more conversations than pages
// reach is halved.
async function find(start, end, rows) {
  let total = 0, here;
  for (let reading = 1; reading <= READINGS; reading++) {
    here = new Set();
    for (let number = 1; ; number++) {
      const page = await found(start, end, number, PAGE);
      total = page.totalHits ?? 0;
      if (total > REACH) return halve(start, end, rows, total);
      for (const record of page.conversations ?? []) {
        here.add(record.conversationId);
        rows.set(record.conversationId, row(record));
      }
      if (!page.conversations?.length || number * PAGE >= total) break;
    }
    if (here.size >= total) return;
  }
  throw new NotYet(`the platform counts ${total} conversations, and gave ${here.size} of them`);
}

async function halve(start, end, rows, total) {
  const half = new Date((start.getTime() + end.getTime()) / 2);
  if (end - half < SHORTEST) throw new Error(`${total} conversations from ${start.toISOString()} to ${end.toISOString()} are more than pages reach`);
  await find(start, half, rows);
  await find(half, end, rows);
}

const field = (value) => (/[",\r\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : value);
const before = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

async function main({ out }, [text]) {
  const { day, start, end } = dayOf(text, 0);
  const rows = new Map();
  await find(start, end, rows);
  // The order of the file does not depend on how pages shifted.
  const sorted = [...rows.values()].sort((a, b) => before(a.startTime, b.startTime) || before(a.conversationId, b.conversationId));
  const lines = [COLUMNS, ...sorted.map((r) => COLUMNS.map((name) => field(r[name])))].map((fields) => fields.join(',') + '\n');
  writeWhole(path.join(out, `${day}.csv`), lines.join(''));
  console.log(`${day}: ${rows.size} conversations`);
}

run(main, { out: '.' });
