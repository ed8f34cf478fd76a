"""The official Python client, unmodified, reads a hundred thousand conversations by the largest pages of a job. Prints
one line and exits with 0, or says what was wrong and exits with 1.

The client makes a typed object of every value, which takes it some milliseconds a conversation: so only the first page
is read that way. Of the others the text is taken that the client received, by its own call with its own decoding.

Environment: as client.py; PARLEY_EXPECT, the number of conversations.
"""

import json
import os
import sys
import time

import PureCloudPlatformClientV2 as platform

PAGE = 10_000  # the platform's largest
TYPED = 1_000
MOST = 1024  # characters of an attribute
RESULTS = "/api/v2/analytics/conversations/details/jobs/{jobId}/results"


def fulfilled(api, job):
    for _ in range(600):
        status = api.get_analytics_conversations_details_job(job)
        if status.state == "FULFILLED":
            return
        assert status.state in ("QUEUED", "PENDING"), f"state {status.state}: {status.error_message}"
        time.sleep(0.2)
    raise AssertionError("the job was not fulfilled within two minutes")


def page_of(client, job, cursor):
    query = {"pageSize": PAGE, **({"cursor": cursor} if cursor else {})}
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    client.call_api(RESULTS, "GET", {"jobId": job}, query, headers, response_type=None, auth_settings=["PureCloud OAuth"])
    return json.loads(client.last_response.data)


def attributes(conversation):
    for participant in conversation["participants"]:
        for pair in participant.get("attributes", {}).items():
            yield from pair


def main():
    expected = int(os.environ["PARLEY_EXPECT"])
    platform.configuration.host = os.environ["PARLEY_URL"]
    client = platform.ApiClient().get_client_credentials_token(os.environ["PARLEY_CLIENT_ID"], os.environ["PARLEY_CLIENT_SECRET"])
    api = platform.AnalyticsApi(client)
    body = platform.AsyncConversationQuery()
    body.interval = f"{os.environ['PARLEY_FROM']}/{os.environ['PARLEY_TO']}"
    body.start_of_day_interval_matching = True
    job = api.post_analytics_conversations_details_jobs(body).job_id
    fulfilled(api, job)

    typed = api.get_analytics_conversations_details_job_results(job, page_size=TYPED).conversations
    ids, cursor, longest = [], None, 0
    while True:
        page = page_of(client, job, cursor)
        for conversation in page["conversations"]:
            ids.append(conversation["conversationId"])
            longest = max([longest, *map(len, attributes(conversation))])
        cursor = page.get("cursor")
        if not cursor:
            break
    assert len(ids) == expected and len(set(ids)) == expected, f"{len(ids)} conversations, {len(set(ids))} different ones"
    assert [c.conversation_id for c in typed] == ids[:TYPED], "pages of two sizes begin differently"
    assert longest == MOST, f"the longest attribute has {longest} characters"
    print(f"{len(ids)} conversations by a job; longest attribute {longest}")


if __name__ == "__main__":
    try:
        main()
    except Exception as e:  # whatever it is, the test wants to see it
        print(f"{type(e).__name__}: {e}", file=sys.stderr)
        sys.exit(1)
