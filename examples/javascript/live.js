// Prints what two sources say of one conversation, side by side: the live object, which has states and attributes, and the
// record of analytics, which has segments and metrics.
//
//   node live.js [--base-url URL] [--wait SECONDS] [--poll SECONDS] CONVERSATION | column -t -s "$(printf '\t')"
//
// Analytics comes to know a conversation some seconds after its beginning, and its end some time after that: the program asks
// again until analytics has caught up with the live object. Exit code 3: it had not when the wait was over; what it has is printed.
'use strict';

const { NotYet, analytics, ask, conversations, run, sleep } = require('./genesys.js');

const MEDIA = ['calls', 'callbacks', 'chats', 'emails', 'messages']; // a participant of a live object has a list for each

// existing is what a call gives of a conversation; nothing when it does not know it.
const existing = (call) => ask(call).catch((err) => {
  if (err.status === 404) return undefined;
  throw err;
});

// caughtUp gives the record when analytics has the conversation, and its end if the live object has one; and whether it has.
async function caughtUp(id, live, poll, mostly) {
  for (let wait = poll, waited = 0; ; waited += wait, wait = Math.min(2 * wait, 120)) {
    const record = await existing(() => analytics.getAnalyticsConversationDetails(id));
    const done = record !== undefined && (!live?.endTime || Boolean(record.conversationEnd));
    if (done || waited >= mostly) return { record, done };
    await sleep(1000 * wait);
  }
}

const number = (n) => (n ? String(n) : '');
const size = (attributes) => number(Object.keys(attributes ?? {}).length);

// liveSays is what the live object says of a participant: "ended", or the states of what they use, as "connected".
function liveSays(participant) {
  const states = MEDIA.flatMap((medium) => participant?.[medium] ?? []).map(({ state }) => state);
  return {
    state: participant?.endTime ? 'ended' : states.join(' '),
    'wrap-up': participant?.wrapup?.code ?? '',
    attributes: size(participant?.attributes),
    metrics: '',
  };
}

// analyticsSay is the same of analytics: "ended", or the segments that go on, as "interact"; the last wrap-up; how many metrics.
function analyticsSay(participant) {
  const sessions = participant?.sessions ?? [];
  const segments = sessions.flatMap((s) => s.segments ?? []);
  const goingOn = segments.filter((g) => !g.segmentEnd).map((g) => g.segmentType);
  return {
    state: sessions.length > 0 && goingOn.length === 0 ? 'ended' : goingOn.join(' '),
    'wrap-up': segments.map((g) => g.wrapUpCode).filter(Boolean).at(-1) ?? '',
    attributes: size(participant?.attributes), // only results of jobs have them, not the record by id
    metrics: number(sessions.flatMap((s) => s.metrics ?? []).length),
  };
}

function remark(live, recorded) {
  if (live === recorded) return '';
  if (!recorded) return 'live only';
  return live ? 'differs' : 'analytics only';
}

// compare gives rows of the field, and of what the two say. Participants are found again by their id, never by their place.
function compare(live, record) {
  const rows = [['start', live?.startTime ?? '', record?.conversationStart ?? ''], ['end', live?.endTime ?? '', record?.conversationEnd ?? '']];
  const lives = new Map((live?.participants ?? []).map((p) => [p.id, p]));
  const records = new Map((record?.participants ?? []).map((p) => [p.participantId, p]));
  for (const id of new Set([...lives.keys(), ...records.keys()])) {
    const said = liveSays(lives.get(id)), recorded = analyticsSay(records.get(id));
    const { purpose } = lives.get(id) ?? records.get(id);
    for (const field of Object.keys(said)) {
      if (said[field] || recorded[field]) rows.push([`${purpose} ${id.slice(0, 8)} ${field}`, said[field], recorded[field]]);
    }
  }
  return rows;
}

async function main({ poll, wait }, [id]) {
  if (!id) throw new Error('give the id of a conversation');
  const live = await existing(() => conversations.getConversation(id));
  // The platform forgets it sixty days after the end: analytics is then all there is.
  if (!live) console.error('there is no live object, or none any more');
  const { record, done } = await caughtUp(id, live, Number(poll), Number(wait));
  console.log(['FIELD', 'LIVE', 'ANALYTICS', 'REMARK'].join('\t'));
  for (const [field, a, b] of compare(live, record)) console.log([field, a || '-', b || '-', remark(a, b)].join('\t'));
  if (!done) throw new NotYet('analytics has not caught up yet: run again later');
}

run(main, { poll: '10', wait: '600' });
