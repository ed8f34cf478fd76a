"""The official Python client, unmodified, against a running server: everything that an extraction by a job does,
compared with the synchronous query. Prints one line and exits with 0, or says what was wrong and exits with 1.

Environment: PARLEY_URL, PARLEY_CLIENT_ID, PARLEY_CLIENT_SECRET; PARLEY_FROM and PARLEY_TO, two midnights in UTC
between which every day is in the lake. HOME is an empty folder, so that the client reads no configuration file.
"""

import json
import os
import re
import sys
import time
from datetime import datetime, timedelta, timezone

import PureCloudPlatformClientV2 as platform
from PureCloudPlatformClientV2.rest import ApiException

PAGE_OF_JOB = 50  # small, so that a few hundred conversations take many cursors
PAGE_OF_QUERY = 100  # the platform's largest
PAGE_OF_LIST = 20  # small, so that some dozens of users take several pages
POLLS = 120
POLL_EVERY = 0.5
UNKNOWN = "00000000-0000-4000-8000-000000000000"
TOPIC = "v2.analytics.conversations.details.jobs.availability"
PRIMITIVES = {"str": str, "int": int, "float": float, "bool": bool, "datetime": datetime}


class Wrong(Exception):
    """The server did something else than the client needs."""


def check(holds, what):
    if not holds:
        raise Wrong(what)


def same(got, want, what):
    check(got == want, f"{what}: got {got!r}, want {want!r}")


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def interval(start, end):
    return "/".join(t.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z") for t in (start, end))


def ids_of(conversations):
    return [c.conversation_id for c in conversations]


def refusal(what, call):
    """The exception of a call that must fail."""
    try:
        call()
    except ApiException as e:
        return e
    raise Wrong(f"{what}: accepted, want an error")


def refused(what, status, call):
    """Checks that an API call fails with this status and a whole error body."""
    e = refusal(what, call)
    same(e.status, status, f"{what}: status")
    body = json.loads(e.body)
    same(body.get("status"), status, f"{what}: status in the body")
    for key in ("message", "code", "contextId"):
        check(isinstance(body.get(key), str) and body[key], f"{what}: the error body has no {key}")
    for key in ("details", "errors"):
        check(isinstance(body.get(key), list), f"{what}: {key} of the error body is no list")


def check_type(value, kind, path):
    """Checks that a value is of the type that the client's model declares, all the way down."""
    if value is None:
        return
    if inner := re.fullmatch(r"list\[(.*)\]", kind):
        check(isinstance(value, list), f"{path} is no list")
        for i, item in enumerate(value):
            check(item is not None, f"{path}[{i}] is null")
            check_type(item, inner.group(1), f"{path}[{i}]")
    elif inner := re.fullmatch(r"dict\(str, (.*)\)", kind):
        check(isinstance(value, dict), f"{path} is no map")
        for key, item in value.items():
            check_type(item, inner.group(1), f"{path}[{key!r}]")
    elif kind in PRIMITIVES:
        check(isinstance(value, PRIMITIVES[kind]), f"{path} is {type(value).__name__}, want {kind}")
        check(value != "outdated_sdk_version", f"{path} has a value that the client does not know")
        if kind == "datetime":
            check(value.tzinfo is not None and value.year > 1, f"{path} has no time zone")
    elif hasattr(value, "swagger_types"):
        same(type(value).__name__, kind, f"{path}: model")
        for name, inner_kind in value.swagger_types.items():
            check_type(getattr(value, name), inner_kind, f"{path}.{name}")


def check_record(conversation, kind):
    check_type(conversation, kind, conversation.conversation_id)
    check(isinstance(conversation.conversation_start, datetime), f"{conversation.conversation_id} has no start")
    check(conversation.participants, f"{conversation.conversation_id} has no participants")


def login(url, client_id, secret):
    platform.configuration.host = url
    client = platform.ApiClient()
    anonymous = platform.AnalyticsApi(client)
    e = refusal("call without a token", anonymous.get_analytics_conversations_details_jobs_availability)
    same(e.status, 401, "call without a token: status")
    e = refusal("login with a wrong secret", lambda: client.get_client_credentials_token(client_id, secret + "x"))
    same(e.status, 400, "login with a wrong secret: status")
    same(json.loads(e.body).get("error"), "invalid_client", "login with a wrong secret: error")
    return client.get_client_credentials_token(client_id, secret)


def submit(api, start, end, filters=()):
    body = platform.AsyncConversationQuery()
    put(body, filters)
    body.interval = interval(start, end)
    body.order = "asc"
    body.order_by = "conversationStart"
    body.start_of_day_interval_matching = True
    return api.post_analytics_conversations_details_jobs(body).job_id


def await_fulfilled(api, job):
    for _ in range(POLLS):
        status = api.get_analytics_conversations_details_job(job)
        check_type(status, "AsyncQueryStatus", "status")
        check(status.submission_date is not None, "submissionDate is missing")
        if status.state == "FULFILLED":
            check(status.completion_date is not None, "completionDate is missing")
            return
        check(status.state in ("QUEUED", "PENDING"), f"state {status.state}: {status.error_message}")
        time.sleep(POLL_EVERY)
    raise Wrong(f"job {job} was not fulfilled after {POLLS * POLL_EVERY:.0f} s")


def results_of(api, job):
    """All conversations of a job, by cursors, and the number of pages."""
    conversations, cursors, more = [], [], {}
    while True:
        page = api.get_analytics_conversations_details_job_results(job, page_size=PAGE_OF_JOB, **more)
        check(len(page.conversations) <= PAGE_OF_JOB, f"a page of {len(page.conversations)}")
        check(isinstance(page.data_availability_date, datetime), "dataAvailabilityDate of a page is missing")
        if len(cursors) == 1:
            again = api.get_analytics_conversations_details_job_results(job, page_size=PAGE_OF_JOB, **more)
            same(ids_of(again.conversations), ids_of(page.conversations), "the same cursor asked twice")
        conversations += page.conversations
        if not page.cursor:
            return conversations, len(cursors) + 1
        check(page.cursor not in cursors, "a cursor came twice")
        cursors.append(page.cursor)
        more = {"cursor": page.cursor}


def queried(api, start, end):
    """What the synchronous query has, a day at a time, stopping where a page has no conversations."""
    conversations, day = [], start
    while day < end:
        following, of_day, number = day + timedelta(days=1), 0, 1
        while True:
            body = platform.ConversationQuery()
            body.interval = interval(day, following)
            body.order = "asc"
            body.order_by = "conversationStart"
            body.paging = platform.PagingSpec()
            body.paging.page_size = PAGE_OF_QUERY
            body.paging.page_number = number
            answer = api.post_analytics_conversations_details_query(body)
            # The model of a query has no attributes to read them into: look at what was sent.
            check('"attributes"' not in api.api_client.last_response.data, "a query's answer holds attributes")
            if answer.conversations is None:
                same(of_day, answer.total_hits, f"conversations of {day:%Y-%m-%d} against totalHits")
                break
            of_day += len(answer.conversations)
            conversations += answer.conversations
            number += 1
        day = following
    return [c for c in conversations if start <= c.conversation_start < end]


def with_attributes(conversations):
    return sum(any(p.attributes for p in c.participants) for c in conversations)


def check_same(job, query):
    ids = ids_of(job)
    check(ids, "the job has no results")
    same(len(set(ids)), len(ids), "conversations of the job, each once")
    same(len(set(ids_of(query))), len(query), "conversations of the query, each once")
    extra, missing = set(ids) - set(ids_of(query)), set(ids_of(query)) - set(ids)
    check(not extra and not missing, f"{len(extra)} conversations only in the job, {len(missing)} only in the query")
    starts = [c.conversation_start for c in job]
    check(starts == sorted(starts), "the job is not in order of conversationStart")
    for conversation in job:
        check_record(conversation, "AnalyticsConversation")
    for conversation in query:
        check_record(conversation, "AnalyticsConversationWithoutAttributes")
    check(with_attributes(job) > 0, "no participant of the job has attributes")


def check_by_id(api, first, second):
    one = api.get_analytics_conversation_details(first)
    same(one.conversation_id, first, "details of one conversation")
    check_record(one, "AnalyticsConversationWithoutAttributes")
    two = api.get_analytics_conversations_details(id=[first, second])
    same(sorted(ids_of(two.conversations)), sorted([first, second]), "details of two conversations")


def model(name, **members):
    made = getattr(platform, name)()
    for member, value in members.items():
        check(member in made.swagger_types, f"the client's {name} has no {member}")
        setattr(made, member, value)
    return made


class Kind:
    """Builds the models of one list of filters."""

    def __init__(self, name):
        self.name, self.member = name, name.lower() + "_filters"

    def predicate(self, what, name, operator="matches", **operand):
        of = {"property": "pcProperty"}.get(what, what)
        return model(f"{self.name}DetailQueryPredicate", type=what, operator=operator, **{of: name}, **operand)

    def has(self, name, value):
        return self.predicate("dimension", name, value=value)

    def exists(self, name, what="dimension"):
        return self.predicate(what, name, "exists")

    def lacks(self, name):
        return self.predicate("dimension", name, "notExists")

    def within(self, name, **bounds):
        return self.predicate("metric", name, range=model("NumericRange", **bounds))

    def clause(self, how, *predicates):
        return model(f"{self.name}DetailQueryClause", type=how, predicates=list(predicates))

    def filter(self, how, *predicates, clauses=None):
        made = model(f"{self.name}DetailQueryFilter", type=how, predicates=list(predicates))
        if clauses:
            made.clauses = clauses
        return self.member, made


SEGMENT, CONVERSATION, EVALUATION, SURVEY, RESOLUTION = map(
    Kind, ("Segment", "Conversation", "Evaluation", "Survey", "Resolution"))


def put(body, filters):
    """Puts filters into a request, each into the list of its kind."""
    for member, made in filters:
        setattr(body, member, (getattr(body, member) or []) + [made])


class Segment:
    """A segment with the fields of its session, flow and participant."""

    def __init__(self, *parts):
        self.parts = [p for p in parts if p is not None]

    def __getattr__(self, name):
        for part in self.parts:
            if name in part.swagger_types:
                return getattr(part, name)
        raise AttributeError(name)

    def duration(self):
        return round((self.segment_end - self.segment_start).total_seconds() * 1000) if self.segment_end else None


def segments_of(conversation):
    return [Segment(g, s, s.flow, p) for p in conversation.participants for s in p.sessions or [] for g in s.segments or []]


def values_of(conversation, name):
    return [m.value for p in conversation.participants for s in p.sessions or [] for m in s.metrics or [] if m.name == name]


def digits(text):
    return re.sub(r"\D", "", text or "")


def questions(day):
    """Every kind of predicate, asked of the conversations of a day: a name, filters for the server, the same in the
    client's own words, and whether simulated records may hold nothing of it."""
    agent = next(g for c in day for g in segments_of(c) if g.purpose == "agent" and g.queue_id)
    caller = next(digits(g.ani) for c in day for g in segments_of(c) if (g.ani or "").startswith("tel:+"))
    other = next(g.queue_id for c in day for g in segments_of(c) if g.queue_id and g.queue_id != agent.queue_id)

    def some(test):
        return lambda c: any(test(g) for g in segments_of(c))

    def milliseconds(c):
        return (c.conversation_end - c.conversation_start).total_seconds() * 1000

    s, c_ = SEGMENT, CONVERSATION
    return [
        ("a dimension", [s.filter("and", s.has("queueId", agent.queue_id))], some(lambda g: g.queue_id == agent.queue_id), False),
        ("without regard to case", [s.filter("and", s.has("purpose", "voicemail"))], some(lambda g: g.purpose == "voicemail"), False),
        ("two of one segment", [s.filter("and", s.has("queueId", agent.queue_id), s.has("userId", agent.user_id))],
         some(lambda g: g.queue_id == agent.queue_id and getattr(g, "user_id", None) == agent.user_id), False),
        ("two of two segments", [s.filter("and", s.has("segmentType", "hold")), s.filter("and", s.has("purpose", "ivr"))],
         lambda c: some(lambda g: g.segment_type == "hold")(c) and some(lambda g: g.purpose == "ivr")(c), False),
        ("a telephone number", [s.filter("or", s.has("ani", caller))], some(lambda g: digits(g.ani) == caller), False),
        ("exists", [s.filter("and", s.exists("wrapUpCode"))], some(lambda g: g.wrap_up_code), False),
        ("notExists", [s.filter("and", s.has("segmentType", "wrapup"), s.lacks("wrapUpCode"))],
         some(lambda g: g.segment_type == "wrapup" and not g.wrap_up_code), True),
        ("going on", [c_.filter("and", c_.lacks("conversationEnd"))], lambda c: not c.conversation_end, True),
        ("clauses", [s.filter("and", s.has("purpose", "agent"), clauses=[
            s.clause("or", s.has("queueId", agent.queue_id), s.has("queueId", other)),
            s.clause("or", s.has("segmentType", "interact"), s.has("segmentType", "hold"))])],
         some(lambda g: g.purpose == "agent" and g.queue_id in (agent.queue_id, other) and g.segment_type in ("interact", "hold")), False),
        ("duration of segments", [s.filter("and", s.within("tSegmentDuration", gt=60000, lte=600000))],
         some(lambda g: g.segment_end and 60000 < g.duration() <= 600000), False),
        ("a metric exists", [c_.filter("and", c_.exists("tAnswered", "metric"))], lambda c: values_of(c, "tAnswered"), False),
        ("a sum of metrics", [c_.filter("and", c_.within("tTalk", gte=120000))],
         lambda c: values_of(c, "tTalk") and sum(values_of(c, "tTalk")) >= 120000, False),
        ("duration of conversations", [c_.filter("and", c_.within("tConversationDuration", lt=60000))],
         lambda c: c.conversation_end and milliseconds(c) < 60000, False),
        ("ids", [c_.filter("or", *(c_.has("conversationId", i) for i in (day[0].conversation_id, day[5].conversation_id, UNKNOWN)))],
         lambda c: c.conversation_id in (day[0].conversation_id, day[5].conversation_id), False),
        ("filters of two lists", [c_.filter("and", c_.has("originatingDirection", "inbound")), s.filter("and", s.has("disconnectType", "client"))],
         lambda c: c.originating_direction == "inbound" and some(lambda g: g.disconnect_type == "client")(c), False),
        ("a property", [s.filter("and", s.predicate("property", "order", property_type="integer", value="5"))],
         some(lambda g: any(p.pcProperty == "order" for p in g.properties or [])), True),
        ("evaluations", [EVALUATION.filter("and", EVALUATION.within("oTotalScore", gte=1), EVALUATION.exists("evaluatorId"))],
         lambda c: any(e.o_total_score and e.evaluator_id for e in c.evaluations or []), True),
        ("surveys", [SURVEY.filter("and", SURVEY.has("surveyStatus", "Finished"))],
         lambda c: any(e.survey_status == "Finished" for e in c.surveys or []), True),
        ("resolutions", [RESOLUTION.filter("and", RESOLUTION.exists("nNextContactAvoided", "metric"))],
         lambda c: any(r.n_next_contact_avoided is not None for r in c.resolutions or []), True),
    ]


def ask(api, start, end, filters, size, aggregations=None):
    body = platform.ConversationQuery()
    body.interval = interval(start, end)
    body.paging = model("PagingSpec", page_size=size, page_number=1)
    body.aggregations = aggregations
    put(body, filters)
    return api.post_analytics_conversations_details_query(body)


def check_filters(api, conversations, start):
    """Compares what the server finds on the first day with what the client finds among all its records."""
    end = start + timedelta(days=1)
    day = [c for c in conversations if c.conversation_start < end]
    asked = questions(day)
    for name, filters, holds, may_find_nothing in asked:
        want = [c.conversation_id for c in day if holds(c)]
        check(want or may_find_nothing, f"{name}: the day has none")
        check(len(want) < len(day), f"{name}: the day has nothing else")
        answer = ask(api, start, end, filters, PAGE_OF_QUERY)
        same(answer.total_hits, len(want), f"{name}: totalHits")
        same(ids_of(answer.conversations or []), want[:PAGE_OF_QUERY], name)
    _, filters, holds, _ = next(q for q in asked if q[0] == "clauses")
    job = submit(api, start, end, filters)
    await_fulfilled(api, job)
    same(ids_of(results_of(api, job)[0]), [c.conversation_id for c in day if holds(c)], "a filtered job")
    check_aggregations(api, day, start, end)
    return len(asked)


def check_aggregations(api, day, start, end):
    answer = ask(api, start, end, [SEGMENT.filter("and", SEGMENT.has("purpose", "agent"))], 1, [
        model("AnalyticsQueryAggregation", type="termFrequency", dimension="segmentType", size=100),
        model("AnalyticsQueryAggregation", type="numericRange", metric="tSegmentDuration",
              ranges=[model("AggregationRange", lt=60000), model("AggregationRange", gte=60000)]),
    ])
    segments = [g for c in day if any(g.purpose == "agent" for g in segments_of(c)) for g in segments_of(c)]
    types = {}
    for g in segments:
        types[g.segment_type] = types.get(g.segment_type, 0) + 1
    terms, ranges = answer.aggregations
    check_type(terms, "AggregationResult", "aggregations[0]")
    same({r.value: r.count for r in terms.results}, types, "frequencies of segmentType")
    same([r.count for r in terms.results], sorted(types.values(), reverse=True), "order of frequencies")
    closed = [g.duration() for g in segments if g.segment_end]
    same([r.count for r in ranges.results], [sum(d < 60000 for d in closed), sum(d >= 60000 for d in closed)], "ranges of tSegmentDuration")


def aggregate(api, start, end, metrics, **members):
    return api.post_analytics_conversations_aggregates_query(
        model("ConversationAggregationQuery", interval=interval(start, end), metrics=metrics, **members)).results


def check_aggregates(api, conversations, start, end):
    """Compares figures of each conversation with what its record says was emitted, and asks for the usual ones of queues."""
    names = ["nOffered", "nTransferred", "tAnswered", "tAbandon", "tHandle"]
    want = {}
    for c in conversations:
        for m in (m for p in c.participants for s in p.sessions or [] for m in s.metrics or []):
            if m.name in names and start <= m.emit_date < end:
                key = (c.conversation_id, m.name)
                want[key] = want.get(key, 0) + m.value
    results = aggregate(api, start, end, names, group_by=["conversationId"])
    for r in results:
        check_type(r, "ConversationAggregateDataContainer", "results")
    known = set(ids_of(conversations))  # others began earlier and emitted something since
    got = {(r.group["conversationId"], m.metric): m.stats.sum if m.stats.sum is not None else m.stats.count
           for r in results for d in r.data for m in d.metrics if r.group["conversationId"] in known}
    check(len(want) > len(conversations) / 4, "the conversations emitted nothing")
    same(got, want, "figures of conversations")
    queues = aggregate(
        api, start, end, ["nOffered", "oServiceLevel"], group_by=["queueId"], granularity="P1D", time_zone="Europe/Berlin",
        filter=model("ConversationAggregateQueryFilter", type="and", predicates=[
            model("ConversationAggregateQueryPredicate", type="dimension", dimension="queueId", operator="exists")]))
    figures = [m for r in queues for d in r.data for m in d.metrics]
    same(sum(m.stats.count for m in figures if m.metric == "nOffered"),
         sum(m.stats.count for r in results for d in r.data for m in d.metrics if m.metric == "nOffered"), "nOffered of queues")
    levels = [m.stats for m in figures if m.metric == "oServiceLevel"]
    check(levels and all(s.ratio == s.numerator / s.denominator for s in levels), "the service level")

    asked = {"interval": interval(start, end), "metrics": names, "group_by": ["queueId"]}
    job = api.post_analytics_conversations_aggregates_jobs(model("ConversationAsyncAggregationQuery", page_size=3, **asked)).job_id
    for _ in range(POLLS):
        state = api.get_analytics_conversations_aggregates_job(job).state
        if state == "FULFILLED":
            break
        check(state in ("QUEUED", "PENDING"), f"aggregates: state {state}")
        time.sleep(POLL_EVERY)
    groups, page = [], api.get_analytics_conversations_aggregates_job_results(job)
    groups += page.results
    while page.cursor:
        page = api.get_analytics_conversations_aggregates_job_results(job, cursor=page.cursor)
        check(len(page.results) <= 3, f"a page of {len(page.results)} groups")
        groups += page.results
    check(len(groups) > 3, "the job has one page")
    same([g.to_dict() for g in groups], [g.to_dict() for g in aggregate(api, start, end, names, group_by=["queueId"])], "groups of the job and of the query")
    api.delete_analytics_conversations_aggregates_job(job)
    refused("results of a deleted query for aggregates", 404, lambda: api.get_analytics_conversations_aggregates_job_results(job))
    refused("an unknown metric", 400, lambda: aggregate(api, start, end, ["nOffers"]))


def check_activity(api):
    """Asks what goes on at this moment. Another moment later it may be something else: only its shape is looked at."""
    answer = api.post_analytics_conversations_activity_query(
        model("ConversationActivityQuery", group_by=["queueId"], metrics=[
            model("ConversationActivityQueryMetric", metric=name, details=True) for name in ("oInteracting", "oLongestInteracting")]))
    for r in answer.results:
        check_type(r, "ConversationActivityData", "results")
        for value in r.data:
            check((value.count or value.calculated_metric_value) > 0, f"{value.metric} is nothing")


def check_organization(client):
    """Asks who answers. A client is of an organization, and is no user."""
    organization = platform.OrganizationApi(client).get_organizations_me()
    check_type(organization, "Organization", "organization")
    check(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", organization.id), f"organization.id: {organization.id}")
    check(organization.name, "the organization has no name")
    e = refusal("the user of a client", platform.UsersApi(client).get_users_me)
    same(json.loads(e.body)["code"], "not.a.user", "the user of a client: code")
    check(e.headers.get("ININ-Correlation-Id"), "an answer without correlation id")
    refused("a route that is not served", 404, lambda: platform.ConversationsApi(client).get_conversation(UNKNOWN))


def check_refusals(api, job):
    results = api.get_analytics_conversations_details_job_results
    refused("an unknown conversation", 404, lambda: api.get_analytics_conversation_details(UNKNOWN))
    refused("an unknown job", 404, lambda: api.get_analytics_conversations_details_job(UNKNOWN))
    refused("results of an unknown job", 404, lambda: results(UNKNOWN))
    refused("pageSize 10001", 400, lambda: results(job, page_size=10001))
    refused("a foreign cursor", 400, lambda: results(job, cursor="a+b/c d=="))
    refused("a query without an interval", 400,
            lambda: api.post_analytics_conversations_details_query(platform.ConversationQuery()))
    # The client itself lets only known names pass: a value that is no number is a fault that it does not see.
    start = datetime(2026, 11, 1, tzinfo=timezone.utc)
    refused("a number that is none", 400, lambda: ask(api, start, start + timedelta(days=1), [
        CONVERSATION.filter("and", CONVERSATION.predicate("metric", "tTalk", value="long"))], 1))


def listed(call, kind):
    """All of a list by id, page after page until there is no next one."""
    entities = {}
    number = 1
    while True:
        page = call(page_size=PAGE_OF_LIST, page_number=number)
        check_type(page, kind, kind)
        check(len(page.entities) <= PAGE_OF_LIST, f"a page of {len(page.entities)} in {kind}")
        entities.update((e.id, e) for e in page.entities)
        if not page.next_uri:
            same(number, page.page_count, f"pages of {kind}")
            same(len(entities), page.total, f"total of {kind}")
            return entities
        number += 1


def check_lists(client, conversations):
    """Looks up what the records name by id."""
    routing, users = platform.RoutingApi(client), platform.UsersApi(client)
    people = listed(lambda **page: users.get_users(state="any", expand=["team", "skills", "languages"], **page), "UserEntityListing")
    queues = listed(routing.get_routing_queues, "QueueEntityListing")
    all_queues = listed(routing.get_routing_queues_divisionviews_all, "QueueEntityListing")
    codes = listed(routing.get_routing_wrapupcodes, "WrapupCodeEntityListing")
    skills = listed(routing.get_routing_skills, "SkillEntityListing")
    listed(routing.get_routing_languages, "LanguageEntityListing")
    divisions = listed(platform.AuthorizationApi(client).get_authorization_divisions, "AuthzDivisionEntityListing")
    same(sorted(all_queues), sorted(queues), "queues of both lists")
    for c in conversations:
        check(set(c.division_ids or []) <= set(divisions), f"divisions of {c.conversation_id}")
        for p in c.participants:
            check(p.user_id is None or people[p.user_id].email, f"user {p.user_id}")
            for g in (g for s in p.sessions or [] for g in s.segments or []):
                check(g.queue_id is None or g.queue_id in queues, f"queue {g.queue_id}")
                check(set(g.requested_routing_skill_ids or []) <= set(skills), f"skills of queue {g.queue_id}")
                check(g.wrap_up_code is None or g.wrap_up_code in codes or g.wrap_up_code.startswith("ININ-"), f"wrap-up code {g.wrap_up_code}")
    agent = next(p.user_id for c in conversations for p in c.participants if p.purpose == "agent")
    some = users.get_users(id=[agent, UNKNOWN], state="any", expand=["team", "skills"]).entities
    same(ids(some), [agent], "users of two ids")
    check(some[0].team.name and some[0].skills, "nothing was added to a user")
    queue = next(iter(queues.values()))
    same(routing.get_routing_queue(queue.id).name, queue.name, "one queue")
    check(queue.id in ids(routing.get_routing_queues(name=queue.name[:5] + "*").entities), "a queue by the beginning of its name")
    refused("an unknown user", 404, lambda: users.get_user(UNKNOWN))
    refused("an unknown wrap-up code", 404, lambda: routing.get_routing_wrapupcode(UNKNOWN))
    refused("an unknown state", 400, lambda: users.get_users(state="gone"))


def check_live(client, conversations):
    """A conversation as it is now, and what is written to one of its participants."""
    live = platform.ConversationsApi(client)
    some = next(c for c in conversations if len(c.participants) > 1)
    before = live.get_conversation(some.conversation_id)
    same(ids(before.participants), [p.participant_id for p in some.participants], "participants of the live object")
    participant = before.participants[0]
    calls = [call for p in before.participants for call in p.calls]
    sessions = [s for p in some.participants for s in p.sessions if s.media_type == "voice"]
    same(sorted(ids(calls)), sorted(s.session_id for s in sessions), "calls of the live object")
    body = platform.ParticipantAttributes()
    body.attributes = {"written by": "python client"}
    live.patch_conversation_participant_attributes(some.conversation_id, participant.id, body)
    after = live.get_conversation(some.conversation_id).participants[0].attributes
    same(after, {**participant.attributes, "written by": "python client"}, "attributes")
    refused("an unknown live object", 404, lambda: live.get_conversation(UNKNOWN))
    refused("conversations of a client", 400, lambda: live.get_conversations())


def check_notifications(client):
    """A channel that is subscribed to the availability of the lake. The websocket is no business of this client's."""
    api = platform.NotificationsApi(client)
    check(TOPIC in ids(api.get_notifications_availabletopics(expand=["description"]).entities), "the topic is not listed")
    channel = api.post_notifications_channels()
    check(isinstance(channel.expires, datetime) and channel.connect_uri.endswith(channel.id), f"the channel is {channel}")
    api.head_notifications_channel(channel.id)
    check(channel.id in ids(api.get_notifications_channels().entities), "the channel is not listed")
    topic = platform.ChannelTopic()
    topic.id = TOPIC
    same(ids(api.post_notifications_channel_subscriptions(channel.id, [topic]).entities), [TOPIC], "subscriptions")
    same(api.get_notifications_channel_subscriptions(channel.id).entities[0].state, "Permitted", "state of a subscription")
    topic.id = "v2.nothing"
    refused("an unknown topic", 400, lambda: api.put_notifications_channel_subscriptions(channel.id, [topic]))
    api.delete_notifications_channel_subscriptions(channel.id)
    same(api.get_notifications_channel_subscriptions(channel.id).entities, [], "subscriptions after all were removed")
    refused("an unknown channel", 404, lambda: api.get_notifications_channel_subscriptions(UNKNOWN))


def ids(entities):
    return [e.id for e in entities]


def main():
    start, end = instant(os.environ["PARLEY_FROM"]), instant(os.environ["PARLEY_TO"])
    client = login(os.environ["PARLEY_URL"], os.environ["PARLEY_CLIENT_ID"], os.environ["PARLEY_CLIENT_SECRET"])
    api = platform.AnalyticsApi(client)

    available = api.get_analytics_conversations_details_jobs_availability().data_availability_date
    check(isinstance(available, datetime), "dataAvailabilityDate is no instant")
    check(available >= end, f"PARLEY_TO is after dataAvailabilityDate {available}")

    job = submit(api, start, end)
    await_fulfilled(api, job)
    conversations, pages = results_of(api, job)
    check_same(conversations, queried(api, start, end))
    check_by_id(api, conversations[0].conversation_id, conversations[1].conversation_id)
    asked = check_filters(api, conversations, start)
    check_aggregates(api, conversations, start, end)
    check_activity(api)
    check_refusals(api, job)
    check_organization(client)
    check_lists(client, conversations)
    check_live(client, conversations)
    check_notifications(client)

    api.delete_analytics_conversations_details_job(job)
    refused("results of a deleted job", 404, lambda: api.get_analytics_conversations_details_job_results(job))

    print(f"python client: {len(conversations)} conversations, {pages} pages, "
          f"{with_attributes(conversations)} with attributes, same as the query; {asked} filtered queries")


if __name__ == "__main__":
    try:
        main()
    except Wrong as wrong:
        sys.exit(f"python client: {wrong}")
