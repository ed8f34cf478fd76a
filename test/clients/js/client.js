// The official JavaScript client, unmodified, against a running server: everything that an extraction by a job does,
// compared with the synchronous query. Prints one line and exits with 0, or says what was wrong and exits with 1.
//
// Environment: PARLEY_URL, PARLEY_CLIENT_ID, PARLEY_CLIENT_SECRET; PARLEY_FROM and PARLEY_TO, two midnights in UTC
// between which every day is in the lake. HOME is an empty folder, so that the client reads no configuration file.
'use strict';

const assert = require('node:assert/strict');
const platform = require('purecloud-platform-client-v2');
const { WebSocket } = require('ws'); // Node.js has one of its own since version 22 only

const PAGE_OF_JOB = 50; // small, so that a few hundred conversations take many cursors
const PAGE_OF_QUERY = 100; // the platform's largest
const PAGE_OF_LIST = 20; // small, so that some dozens of users take several pages
const DAY = 24 * 60 * 60 * 1000;
const POLLS = 120;
const POLL_EVERY = 500;
const UNKNOWN = '00000000-0000-4000-8000-000000000000';
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const url = new URL(need('PARLEY_URL'));
const clientId = need('PARLEY_CLIENT_ID');
const clientSecret = need('PARLEY_CLIENT_SECRET');
const from = new Date(need('PARLEY_FROM'));
const to = new Date(need('PARLEY_TO'));

const client = platform.ApiClient.instance;
const analytics = new platform.AnalyticsApi();

function need(name) {
  assert.ok(process.env[name], `${name} is not set`);
  return process.env[name];
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const interval = (start, end) => `${start.toISOString()}/${end.toISOString()}`;
const idsOf = (conversations) => conversations.map((c) => c.conversationId);

// refusal is what a call that must fail was rejected with.
async function refusal(what, call) {
  try {
    await call();
  } catch (err) {
    return err;
  }
  throw new Error(`${what}: accepted, want an error`);
}

// refused checks that an API call fails with this status and a whole error body.
async function refused(what, status, call) {
  const body = await refusal(what, call);
  assert.equal(typeof body, 'object', `${what}: the error is no JSON object`);
  assert.equal(body.status, status, `${what}: status in the body`);
  for (const key of ['message', 'code', 'contextId']) {
    assert.ok(typeof body[key] === 'string' && body[key], `${what}: the error body has no ${key}`);
  }
  for (const key of ['details', 'errors']) {
    assert.ok(Array.isArray(body[key]), `${what}: ${key} of the error body is no list`);
  }
}

// noNull checks that absent fields are left out: a null would break the typed clients.
function noNull(value, path) {
  assert.notEqual(value, null, `${path} is null`);
  if (typeof value === 'object') {
    for (const [key, inner] of Object.entries(value)) noNull(inner, `${path}.${key}`);
  }
}

function checkRecord(conversation) {
  const id = conversation.conversationId;
  noNull(conversation, id);
  assert.match(conversation.conversationStart, INSTANT, `conversationStart of ${id}`);
  if (conversation.conversationEnd !== undefined) {
    assert.match(conversation.conversationEnd, INSTANT, `conversationEnd of ${id}`);
  }
  assert.ok(conversation.participants.length > 0, `${id} has no participants`);
}

const withAttributes = (conversations) =>
  conversations.filter((c) => c.participants.some((p) => p.attributes !== undefined)).length;

async function login() {
  client.setGateway({ host: url.hostname, protocol: url.protocol.replace(':', ''), port: Number(url.port) });

  const anonymous = await refusal('call without a token', () =>
    analytics.getAnalyticsConversationsDetailsJobsAvailability());
  assert.equal(anonymous.status, 401, 'call without a token: status');

  const wrong = await refusal('login with a wrong secret', () =>
    client.loginClientCredentialsGrant(clientId, `${clientSecret}x`));
  assert.equal(wrong.response.status, 400, 'login with a wrong secret: status');
  assert.equal(wrong.response.data.error, 'invalid_client', 'login with a wrong secret: error');

  const auth = await client.loginClientCredentialsGrant(clientId, clientSecret);
  assert.ok(auth.accessToken, 'login: no access token');
  assert.ok(auth.tokenExpiryTime > Date.now(), 'login: the token has expired already');
}

async function submit(start, end, filters) {
  const submitted = await analytics.postAnalyticsConversationsDetailsJobs({
    interval: interval(start, end),
    order: 'asc',
    orderBy: 'conversationStart',
    startOfDayIntervalMatching: true,
    ...filters,
  });
  assert.deepEqual(Object.keys(submitted), ['jobId'], 'fields of the answer to a submission');
  return submitted.jobId;
}

async function fulfilled(jobId) {
  for (let poll = 0; poll < POLLS; poll++) {
    const status = await analytics.getAnalyticsConversationsDetailsJob(jobId);
    assert.match(status.submissionDate, INSTANT, 'submissionDate');
    if (status.state === 'FULFILLED') {
      assert.match(status.completionDate, INSTANT, 'completionDate');
      return;
    }
    assert.ok(['QUEUED', 'PENDING'].includes(status.state), `state ${status.state}: ${status.errorMessage}`);
    await wait(POLL_EVERY);
  }
  throw new Error(`job ${jobId} was not fulfilled after ${(POLLS * POLL_EVERY) / 1000} s`);
}

async function resultsOf(jobId) {
  const conversations = [];
  const cursors = new Set();
  let cursor;
  do {
    const page = await analytics.getAnalyticsConversationsDetailsJobResults(jobId, { cursor, pageSize: PAGE_OF_JOB });
    assert.ok(page.conversations.length <= PAGE_OF_JOB, `a page of ${page.conversations.length}`);
    assert.match(page.dataAvailabilityDate, INSTANT, 'dataAvailabilityDate of a page');
    if (cursor && cursors.size === 1) {
      const again = await analytics.getAnalyticsConversationsDetailsJobResults(jobId, { cursor, pageSize: PAGE_OF_JOB });
      assert.deepEqual(again, page, 'the same cursor asked twice');
    }
    conversations.push(...page.conversations);
    cursor = page.cursor;
    assert.ok(!cursors.has(cursor), 'a cursor came twice');
    cursors.add(cursor);
  } while (cursor);
  return { conversations, pages: cursors.size };
}

// queried is what the synchronous query has, a day at a time, stopping where a page has no conversations.
async function queried() {
  const conversations = [];
  for (let day = from; day < to; day = new Date(day.getTime() + DAY)) {
    const next = new Date(day.getTime() + DAY);
    let ofDay = 0;
    for (let pageNumber = 1; ; pageNumber++) {
      const answer = await analytics.postAnalyticsConversationsDetailsQuery({
        interval: interval(day, next),
        order: 'asc',
        orderBy: 'conversationStart',
        paging: { pageSize: PAGE_OF_QUERY, pageNumber },
      });
      assert.ok(Number.isInteger(answer.totalHits), 'totalHits is no integer');
      if (!answer.conversations) {
        assert.equal(ofDay, answer.totalHits, `totalHits of ${day.toISOString()}`);
        break;
      }
      ofDay += answer.conversations.length;
      conversations.push(...answer.conversations);
    }
  }
  return conversations.filter((c) => new Date(c.conversationStart) >= from && new Date(c.conversationStart) < to);
}

function checkSame(job, query) {
  const ids = idsOf(job);
  assert.ok(ids.length > 0, 'the job has no results');
  assert.equal(new Set(ids).size, ids.length, 'the job has conversations twice');
  assert.equal(new Set(idsOf(query)).size, query.length, 'the query has conversations twice');
  assert.deepEqual([...ids].sort(), idsOf(query).sort(), 'conversations of the job and of the query');

  const starts = job.map((c) => c.conversationStart);
  assert.deepEqual(starts, [...starts].sort(), 'the job is not in order of conversationStart');
  job.forEach(checkRecord);
  query.forEach(checkRecord);
  assert.ok(withAttributes(job) > 0, 'no participant of the job has attributes');
  assert.equal(withAttributes(query), 0, 'participants of the query have attributes');
}

async function checkById([first, second]) {
  const one = await analytics.getAnalyticsConversationDetails(first);
  assert.equal(one.conversationId, first, 'details of one conversation');
  assert.equal(withAttributes([one]), 0, 'details of one conversation have attributes');
  const two = await analytics.getAnalyticsConversationsDetails({ id: [first, second] });
  assert.deepEqual(idsOf(two.conversations).sort(), [first, second].sort(), 'details of two conversations');
}

// Predicates and filters, as the client's documentation writes them.
const dimension = (name, value) => ({ type: 'dimension', dimension: name, operator: 'matches', value });
const range = (name, bounds) => ({ type: 'metric', metric: name, operator: 'matches', range: bounds });
const exists = (name) => ({ type: 'dimension', dimension: name, operator: 'exists' });
const notExists = (name) => ({ type: 'dimension', dimension: name, operator: 'notExists' });
const hasMetric = (name) => ({ type: 'metric', metric: name, operator: 'exists' });
const and = (...predicates) => ({ type: 'and', predicates });
const or = (...predicates) => ({ type: 'or', predicates });

// segmentsOf gives every segment with the fields of its session, flow and participant.
const segmentsOf = (c) =>
  c.participants.flatMap((p) =>
    (p.sessions ?? []).flatMap((s) =>
      (s.segments ?? []).map((g) => ({ ...p, ...s, ...s.flow, ...g }))));
const durationOf = (g) => new Date(g.segmentEnd) - new Date(g.segmentStart);
const valuesOf = (c, name) =>
  c.participants.flatMap((p) => (p.sessions ?? []).flatMap((s) => s.metrics ?? []))
    .filter((m) => m.name === name).map((m) => m.value);
const sumOf = (c, name) => valuesOf(c, name).reduce((a, b) => a + b, 0);
const digits = (text) => (text ?? '').replace(/\D/g, '');

// questions asks every kind of predicate of the conversations of a day: each with filters for the server, and with the
// same in the client's own words. Those that can find nothing in simulated records are marked.
function questions(day) {
  const agent = segmentsOf(day.find((c) => segmentsOf(c).some((g) => g.purpose === 'agent' && g.queueId)))
    .find((g) => g.purpose === 'agent' && g.queueId);
  const caller = digits(day.flatMap(segmentsOf).find((g) => g.ani?.startsWith('tel:+')).ani);
  const other = day.flatMap(segmentsOf).find((g) => g.queueId && g.queueId !== agent.queueId).queueId;
  const some = (test) => (c) => segmentsOf(c).some(test);
  return [
    { name: 'a dimension', filters: { segmentFilters: [and(dimension('queueId', agent.queueId))] }, holds: some((g) => g.queueId === agent.queueId) },
    { name: 'without regard to case', filters: { segmentFilters: [and(dimension('purpose', 'Voicemail'))] }, holds: some((g) => g.purpose === 'voicemail') },
    {
      name: 'two of one segment', filters: { segmentFilters: [and(dimension('queueId', agent.queueId), dimension('userId', agent.userId))] },
      holds: some((g) => g.queueId === agent.queueId && g.userId === agent.userId),
    },
    {
      name: 'two of two segments', filters: { segmentFilters: [and(dimension('segmentType', 'hold')), and(dimension('purpose', 'ivr'))] },
      holds: (c) => some((g) => g.segmentType === 'hold')(c) && some((g) => g.purpose === 'ivr')(c),
    },
    { name: 'a telephone number', filters: { segmentFilters: [or(dimension('ani', caller))] }, holds: some((g) => digits(g.ani) === caller) },
    { name: 'a flow', filters: { segmentFilters: [and(exists('flowId'), dimension('exitReason', 'TRANSFER'))] }, holds: some((g) => g.flowId && g.exitReason === 'TRANSFER') },
    { name: 'exists', filters: { segmentFilters: [and(exists('wrapUpCode'))] }, holds: some((g) => g.wrapUpCode) },
    {
      name: 'notExists', filters: { segmentFilters: [and(dimension('segmentType', 'wrapup'), notExists('wrapUpCode'))] },
      holds: some((g) => g.segmentType === 'wrapup' && !g.wrapUpCode), mayFindNothing: true,
    },
    { name: 'going on', filters: { conversationFilters: [and(notExists('conversationEnd'))] }, holds: (c) => !c.conversationEnd, mayFindNothing: true },
    {
      name: 'clauses', holds: some((g) => g.purpose === 'agent' && [agent.queueId, other].includes(g.queueId) && ['interact', 'hold'].includes(g.segmentType)),
      filters: {
        segmentFilters: [{
          type: 'and', predicates: [dimension('purpose', 'agent')],
          clauses: [or(dimension('queueId', agent.queueId), dimension('queueId', other)), or(dimension('segmentType', 'interact'), dimension('segmentType', 'hold'))],
        }],
      },
    },
    { name: 'duration of segments', filters: { segmentFilters: [and(range('tSegmentDuration', { gt: 60000, lte: 600000 }))] }, holds: some((g) => durationOf(g) > 60000 && durationOf(g) <= 600000) },
    { name: 'a metric exists', filters: { conversationFilters: [and(hasMetric('tAnswered'))] }, holds: (c) => valuesOf(c, 'tAnswered').length > 0 },
    { name: 'a sum of metrics', filters: { conversationFilters: [and(range('tTalk', { gte: 120000 }))] }, holds: (c) => valuesOf(c, 'tTalk').length > 0 && sumOf(c, 'tTalk') >= 120000 },
    {
      name: 'duration of conversations', filters: { conversationFilters: [and(range('tConversationDuration', { lt: 60000 }))] },
      holds: (c) => c.conversationEnd && new Date(c.conversationEnd) - new Date(c.conversationStart) < 60000,
    },
    {
      name: 'ids', filters: { conversationFilters: [or(dimension('conversationId', day[0].conversationId), dimension('conversationId', day[5].conversationId), dimension('conversationId', UNKNOWN))] },
      holds: (c) => [day[0], day[5]].includes(c),
    },
    {
      name: 'filters of two lists', filters: { conversationFilters: [and(dimension('originatingDirection', 'inbound'))], segmentFilters: [and(dimension('disconnectType', 'client'))] },
      holds: (c) => c.originatingDirection === 'inbound' && some((g) => g.disconnectType === 'client')(c),
    },
    {
      name: 'a property', filters: { segmentFilters: [and({ type: 'property', property: 'order', propertyType: 'integer', operator: 'matches', value: '5' })] },
      holds: some((g) => (g.properties ?? []).some((p) => p.property === 'order')), mayFindNothing: true,
    },
    { name: 'evaluations', filters: { evaluationFilters: [and(range('oTotalScore', { gte: 1 }), exists('evaluatorId'))] }, holds: (c) => (c.evaluations ?? []).some((e) => e.oTotalScore >= 1 && e.evaluatorId), mayFindNothing: true },
    { name: 'surveys', filters: { surveyFilters: [and(dimension('surveyStatus', 'Finished'))] }, holds: (c) => (c.surveys ?? []).some((e) => e.surveyStatus === 'Finished'), mayFindNothing: true },
    { name: 'resolutions', filters: { resolutionFilters: [and(hasMetric('nNextContactAvoided'))] }, holds: (c) => (c.resolutions ?? []).some((r) => r.nNextContactAvoided !== undefined), mayFindNothing: true },
  ];
}

// checkFilters compares what the server finds on the first day with what the client finds among all its records.
async function checkFilters(conversations) {
  const end = new Date(from.getTime() + DAY);
  const day = conversations.filter((c) => new Date(c.conversationStart) < end);
  const all = questions(day);
  for (const { name, filters, holds, mayFindNothing } of all) {
    const want = idsOf(day.filter(holds));
    assert.ok(mayFindNothing || want.length > 0, `${name}: the day has none`);
    assert.ok(want.length < day.length, `${name}: the day has nothing else`);
    const answer = await analytics.postAnalyticsConversationsDetailsQuery({
      interval: interval(from, end), ...filters, paging: { pageSize: PAGE_OF_QUERY, pageNumber: 1 },
    });
    assert.equal(answer.totalHits, want.length, `${name}: totalHits`);
    assert.deepEqual(idsOf(answer.conversations ?? []), want.slice(0, PAGE_OF_QUERY), name);
  }
  const { filters, holds } = all.find((q) => q.name === 'clauses');
  const jobId = await submit(from, end, filters);
  await fulfilled(jobId);
  assert.deepEqual(idsOf((await resultsOf(jobId)).conversations), idsOf(day.filter(holds)), 'a filtered job');
  await checkAggregations(day, end);
  return all.length;
}

async function checkAggregations(day, end) {
  const answer = await analytics.postAnalyticsConversationsDetailsQuery({
    interval: interval(from, end),
    segmentFilters: [and(dimension('purpose', 'agent'))],
    aggregations: [
      { type: 'termFrequency', dimension: 'segmentType', size: 100 },
      { type: 'numericRange', metric: 'tSegmentDuration', ranges: [{ lt: 60000 }, { gte: 60000 }] },
    ],
    paging: { pageSize: '1', pageNumber: '1' }, // as text, which sample programs of the vendor send
  });
  const segments = day.filter((c) => segmentsOf(c).some((g) => g.purpose === 'agent')).flatMap(segmentsOf);
  const types = new Map();
  for (const g of segments) types.set(g.segmentType, (types.get(g.segmentType) ?? 0) + 1);
  const [terms, ranges] = answer.aggregations;
  assert.equal(terms.dimension, 'segmentType', 'dimension of an aggregation');
  assert.deepEqual(new Map(terms.results.map((r) => [r.value, r.count])), types, 'frequencies of segmentType');
  assert.deepEqual(terms.results.map((r) => r.count), [...types.values()].sort((a, b) => b - a), 'order of frequencies');
  const closed = segments.filter((g) => g.segmentEnd);
  assert.deepEqual(ranges.results.map((r) => r.count),
    [closed.filter((g) => durationOf(g) < 60000).length, closed.filter((g) => durationOf(g) >= 60000).length], 'ranges of tSegmentDuration');
}

// checkAggregates compares figures of each conversation and day with what the records say was emitted, and asks for the usual
// ones of queues and hours.
async function checkAggregates(conversations) {
  const names = ['nOffered', 'nTransferred', 'tAnswered', 'tAbandon', 'tHandle'];
  const ask = (more) => analytics.postAnalyticsConversationsAggregatesQuery({ interval: interval(from, to), metrics: names, ...more });
  const want = new Map();
  for (const c of conversations) {
    for (const m of c.participants.flatMap((p) => (p.sessions ?? []).flatMap((s) => s.metrics ?? []))) {
      const at = new Date(m.emitDate);
      if (!names.includes(m.name) || at < from || at >= to) continue;
      const day = new Date(at - (at % DAY));
      const key = [c.conversationId, interval(day, new Date(day.getTime() + DAY)), m.name].join(' ');
      want.set(key, (want.get(key) ?? 0) + m.value);
    }
  }
  const got = new Map();
  const { results } = await ask({ granularity: 'P1D', groupBy: ['conversationId'] });
  noNull(results, 'aggregates');
  for (const { group, data } of results) {
    for (const { interval: day, metrics } of data) {
      for (const { metric, stats } of metrics) got.set([group.conversationId, day, metric].join(' '), stats.sum ?? stats.count);
    }
  }
  const known = new Set(idsOf(conversations)); // others began earlier and emitted something since
  assert.ok(want.size > conversations.length / 4, 'the conversations emitted nothing');
  assert.deepEqual(new Map([...got].filter(([key]) => known.has(key.split(' ')[0])).sort()), new Map([...want].sort()), 'figures of conversations');

  const sum = (list, metric) => list.flatMap((r) => r.data).flatMap((d) => d.metrics).filter((m) => m.metric === metric).reduce((n, m) => n + m.stats.count, 0);
  const hours = await ask({
    granularity: 'PT1H', timeZone: 'Europe/Berlin', groupBy: ['queueId', 'mediaType'], metrics: ['nOffered', 'tAnswered', 'oServiceLevel'],
    views: [{ target: 'tAnswered', name: 'within20s', function: 'rangeBound', range: { lt: 20000 } }],
  });
  for (const metric of ['nOffered', 'tAnswered']) assert.equal(sum(hours.results, metric), sum(results, metric), `${metric} of hours`);
  for (const { metrics, views } of hours.results.flatMap((r) => r.data)) {
    const level = metrics.find((m) => m.metric === 'oServiceLevel')?.stats;
    if (level) assert.equal(level.ratio, level.numerator / level.denominator, 'the service level');
    for (const v of views ?? []) assert.ok(v.stats.max < 20000, 'a view');
  }
  const voice = await ask({ groupBy: ['mediaType'], filter: and(dimension('mediaType', 'voice'), exists('queueId')) });
  assert.deepEqual(voice.results.map((r) => r.group), [{ mediaType: 'voice' }], 'filtered figures');

  const body = { interval: interval(from, to), metrics: names, groupBy: ['queueId'] };
  const { jobId } = await analytics.postAnalyticsConversationsAggregatesJobs({ ...body, pageSize: 3 });
  for (let poll = 0; ; poll++) {
    const { state } = await analytics.getAnalyticsConversationsAggregatesJob(jobId);
    if (state === 'FULFILLED') break;
    assert.ok(['QUEUED', 'PENDING'].includes(state) && poll < POLLS, `aggregates: state ${state}`);
    await wait(POLL_EVERY);
  }
  const groups = [];
  let cursor;
  do {
    const page = await analytics.getAnalyticsConversationsAggregatesJobResults(jobId, { cursor });
    assert.ok(page.results.length <= 3, `a page of ${page.results.length} groups`);
    groups.push(...page.results);
    ({ cursor } = page);
  } while (cursor);
  assert.ok(groups.length > 3, 'the job has one page');
  assert.deepEqual(groups, (await analytics.postAnalyticsConversationsAggregatesQuery(body)).results, 'groups of the job and of the query');
  await analytics.deleteAnalyticsConversationsAggregatesJob(jobId);
  await refused('results of a deleted query for aggregates', 404, () => analytics.getAnalyticsConversationsAggregatesJobResults(jobId));
  await refused('an unknown metric', 400, () => ask({ metrics: ['nOffers'] }));
}

// checkActivity asks what goes on at this moment. Another moment later it may be something else: only its shape is looked at.
async function checkActivity() {
  const answer = await analytics.postAnalyticsConversationsActivityQuery({
    metrics: [{ metric: 'oWaiting', details: true }, { metric: 'oInteracting', details: true }, { metric: 'oLongestInteracting' }], groupBy: ['queueId', 'mediaType'],
    filter: and(exists('queueId')),
  }, { pageSize: 50, pageNumber: 1 });
  noNull(answer, 'activity');
  assert.equal(answer.entityIdDimension, 'conversationId', 'entityIdDimension');
  for (const { group, data, entities } of answer.results) {
    assert.ok(group.queueId && group.mediaType, 'group of an activity');
    for (const { metric, count, entityIds, calculatedMetricValue } of data) {
      if (metric === 'oLongestInteracting') assert.ok(calculatedMetricValue > 0, metric);
      else assert.deepEqual(entityIds, entities.filter((e) => e.metric === metric && INSTANT.test(e.activityDate)).map((e) => e.conversationId).slice(0, count), metric);
    }
  }
  await refused('an unknown observation', 400, () => analytics.postAnalyticsConversationsActivityQuery({ metrics: [{ metric: 'oSleeping' }], groupBy: ['queueId'] }));
}

// checkOrganization asks who answers. A client is of an organization, and is no user.
async function checkOrganization() {
  const organization = await new platform.OrganizationApi().getOrganizationsMe();
  assert.match(organization.id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'id of the organization');
  assert.ok(organization.name, 'the organization has no name');
  assert.equal((await refusal('the user of a client', () => new platform.UsersApi().getUsersMe())).code, 'not.a.user');
  const missing = await refusal('a route that is not served', () => new platform.ConversationsApi().getConversationsMessage(UNKNOWN));
  assert.equal(missing.code, 'route.not.found', 'code of a route that is not served');
}

// listed reads a list page by page, as long as there is a next one.
async function listed(what, call) {
  const entities = [];
  for (let pageNumber = 1; ; pageNumber++) {
    const page = await call({ pageSize: PAGE_OF_LIST, pageNumber });
    assert.ok(page.entities.length <= PAGE_OF_LIST, `a page of ${page.entities.length} ${what}`);
    noNull(page, what);
    entities.push(...page.entities);
    if (!page.nextUri) {
      assert.equal(pageNumber, page.pageCount, `pages of ${what}`);
      assert.equal(entities.length, page.total, `total of ${what}`);
      return new Map(entities.map((e) => [e.id, e]));
    }
  }
}

// checkLists looks up what the records name by id.
async function checkLists(conversations) {
  const routing = new platform.RoutingApi(), users = new platform.UsersApi();
  const named = (test) => new Set(conversations.flatMap(segmentsOf).map(test).filter(Boolean));
  const people = await listed('users', (page) => users.getUsers({ ...page, state: 'any', expand: ['team', 'skills'] }));
  const queues = await listed('queues', (page) => routing.getRoutingQueues(page));
  const codes = await listed('wrap-up codes', (page) => routing.getRoutingWrapupcodes(page));
  const divisions = await listed('divisions', (page) => new platform.AuthorizationApi().getAuthorizationDivisions(page));
  for (const id of named((g) => g.userId)) assert.ok(people.get(id)?.email, `user ${id}`);
  for (const id of named((g) => g.queueId)) assert.ok(queues.get(id)?.name, `queue ${id}`);
  for (const id of named((g) => g.wrapUpCode)) assert.ok(id.startsWith('ININ-') || codes.get(id)?.name, `wrap-up code ${id}`);
  for (const id of conversations.flatMap((c) => c.divisionIds ?? [])) assert.ok(divisions.has(id), `division ${id}`);
  const [agent] = named((g) => g.purpose === 'agent' && g.userId);
  const some = await users.getUsers({ id: [agent, UNKNOWN], state: 'any', expand: ['team', 'skills'] });
  assert.deepEqual(some.entities, [people.get(agent)], 'users of two ids');
  assert.ok(some.entities[0].team.name && some.entities[0].skills.length > 0, 'what was added to a user');
  const [queue] = queues.values();
  assert.deepEqual(await routing.getRoutingQueue(queue.id), queue, 'one queue');
  const found = await routing.getRoutingQueues({ name: `*${queue.name.slice(2, -1).toUpperCase()}*` });
  assert.ok(found.entities.some((q) => q.id === queue.id), 'a queue by a part of its name');
  await refused('an unknown user', 404, () => users.getUser(UNKNOWN));
  await refused('an unknown queue', 404, () => routing.getRoutingQueue(UNKNOWN));
  await refused('an unknown state', 400, () => users.getUsers({ state: 'gone' }));
}

// checkLive reads a conversation as it is now, and writes to one of its participants.
async function checkLive(conversations) {
  const live = new platform.ConversationsApi();
  const [some] = conversations.filter((c) => c.participants.length > 1);
  const before = await live.getConversation(some.conversationId);
  assert.equal(before.id, some.conversationId, 'the live object');
  assert.equal(new Date(before.startTime).getTime(), new Date(some.conversationStart).getTime(), 'start of the live object');
  assert.deepEqual(before.participants.map((p) => p.id), some.participants.map((p) => p.participantId), 'participants of the live object');
  const [participant] = before.participants;
  await live.patchConversationParticipantAttributes(some.conversationId, participant.id, { attributes: { 'written by': 'js client' } });
  const after = await live.getConversation(some.conversationId);
  assert.deepEqual(after.participants[0].attributes, { ...participant.attributes, 'written by': 'js client' }, 'attributes');
  const found = await live.postConversationsParticipantsAttributesSearch({
    query: [{ type: 'EXACT', fields: ['conversationId'], value: some.conversationId }],
  });
  assert.equal(found.results[0].participantData[0].participantAttributes['written by'], 'js client', 'attributes that were searched');
  await refused('an unknown live object', 404, () => live.getConversation(UNKNOWN));
  await refused('conversations of a client', 400, () => live.getConversations());
  await refused('an attribute that is a number', 400, () =>
    live.patchConversationParticipantAttributes(some.conversationId, participant.id, { attributes: { n: 1 } }));
}

const TOPIC = 'v2.analytics.conversations.details.jobs.availability';

// Waiting for the nightly batch as the platform has it done: a channel, a subscription, a websocket. The batch ends because the
// sandbox's clock is moved, which makes this the last check: tokens are old after it.
async function checkNotifications() {
  const notifications = new platform.NotificationsApi();
  const { entities: topics } = await notifications.getNotificationsAvailabletopics({ expand: ['description'] });
  assert.ok(topics.some(({ id, description }) => id === TOPIC && description), 'the topic is not listed');
  const channel = await notifications.postNotificationsChannels();
  assert.ok(new Date(channel.expires) > to, `the channel expires at ${channel.expires}`);
  await notifications.headNotificationsChannel(channel.id);
  const subscribed = await notifications.postNotificationsChannelSubscriptions(channel.id, [{ id: TOPIC }]);
  assert.deepEqual(subscribed.entities.map(({ id }) => id), [TOPIC], 'subscriptions');
  await notifications.putNotificationsChannelSubscriptions(channel.id, subscribed.entities); // as other SDKs remove one of several
  await refused('an unknown topic', 400, () => notifications.postNotificationsChannelSubscriptions(channel.id, [{ id: 'v2.nothing' }]));
  await refused('an unknown channel', 404, () => notifications.getNotificationsChannelSubscriptions(UNKNOWN));

  const socket = new WebSocket(channel.connectUri);
  const heard = (topic) => new Promise((resolve, reject) => {
    socket.addEventListener('message', ({ data }) => JSON.parse(data).topicName === topic && resolve(JSON.parse(data)));
    socket.addEventListener('close', ({ code, reason }) => reject(new Error(`the websocket was closed: ${code} ${reason}`)));
    socket.addEventListener('error', () => reject(new Error('the websocket cannot be reached')));
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', () => reject(new Error('the websocket cannot be reached')));
  });
  const pong = heard('channel.metadata');
  socket.send(JSON.stringify({ message: 'ping' }));
  assert.equal((await pong).eventBody.message, 'pong');

  const told = heard(TOPIC);
  const before = await analytics.getAnalyticsConversationsDetailsJobsAvailability();
  const moved = await fetch(`${process.env.PARLEY_URL}/_sandbox/clock`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ until: 'batch' }),
  });
  assert.equal(moved.status, 200, 'the clock was not moved');
  const { eventBody } = await told;
  assert.ok(new Date(eventBody.dataAvailabilityDate) > new Date(before.dataAvailabilityDate), `told of ${eventBody.dataAvailabilityDate}`);
  await notifications.deleteNotificationsChannelSubscriptions(channel.id);
  const left = await notifications.getNotificationsChannelSubscriptions(channel.id);
  assert.deepEqual(left.entities, [], 'subscriptions after all were removed');
  socket.close();
}

async function checkRefusals(jobId) {
  await refused('an unknown conversation', 404, () => analytics.getAnalyticsConversationDetails(UNKNOWN));
  await refused('an unknown job', 404, () => analytics.getAnalyticsConversationsDetailsJob(UNKNOWN));
  await refused('results of an unknown job', 404, () => analytics.getAnalyticsConversationsDetailsJobResults(UNKNOWN));
  await refused('pageSize 10001', 400, () =>
    analytics.getAnalyticsConversationsDetailsJobResults(jobId, { pageSize: 10001 }));
  await refused('a foreign cursor', 400, () =>
    analytics.getAnalyticsConversationsDetailsJobResults(jobId, { cursor: 'a+b/c d==' }));
  await refused('a query without an interval', 400, () => analytics.postAnalyticsConversationsDetailsQuery({}));
  await refused('a dimension of another list', 400, () => analytics.postAnalyticsConversationsDetailsQuery({
    interval: interval(from, to), conversationFilters: [and(dimension('mediaType', 'voice'))],
  }));
}

async function main() {
  await login();
  const { dataAvailabilityDate } = await analytics.getAnalyticsConversationsDetailsJobsAvailability();
  assert.match(dataAvailabilityDate, INSTANT, 'dataAvailabilityDate');
  assert.ok(new Date(dataAvailabilityDate) >= to, `PARLEY_TO is after dataAvailabilityDate ${dataAvailabilityDate}`);

  const jobId = await submit(from, to);
  await fulfilled(jobId);
  const { conversations, pages } = await resultsOf(jobId);
  checkSame(conversations, await queried());
  await checkById(idsOf(conversations));
  const asked = await checkFilters(conversations);
  await checkRefusals(jobId);
  await checkAggregates(conversations);
  await checkActivity();
  await checkOrganization();
  await checkLists(conversations);
  await checkLive(conversations);

  await analytics.deleteAnalyticsConversationsDetailsJob(jobId);
  await refused('results of a deleted job', 404, () => analytics.getAnalyticsConversationsDetailsJobResults(jobId));
  await checkNotifications();

  console.log(`js client: ${conversations.length} conversations, ${pages} pages, ` +
    `${withAttributes(conversations)} with attributes, same as the query; ${asked} filtered queries`);
}

// The client watches its configuration file, which would keep the process alive: hence the explicit exits.
main().then(
  () => process.exit(0),
  (err) => {
    const response = err && err.response; // a login is rejected with the raw error, which holds the secret
    console.error('js client:', response ? `login: status ${response.status}` : err);
    process.exit(1);
  },
);
