"""The usual loop with the official Python client: a job is submitted, asked after, and its pages become NDJSON, until
there are enough records."""

import json
import os
import time

import PureCloudPlatformClientV2 as platform

PAGE = 1_000
POLL = 0.1  # seconds: a sandbox takes no minutes

enough = int(os.environ["PARLEY_ENOUGH"])
begun = time.monotonic()
platform.configuration.host = os.environ["PARLEY_URL"]
client = platform.api_client.ApiClient().get_client_credentials_token(os.environ["PARLEY_CLIENT_ID"], os.environ["PARLEY_CLIENT_SECRET"])
analytics = platform.AnalyticsApi(client)

query = platform.AsyncConversationQuery()
query.interval = os.environ["PARLEY_INTERVAL"]
job = analytics.post_analytics_conversations_details_jobs(query).job_id
while (status := analytics.get_analytics_conversations_details_job(job)).state != "FULFILLED":
    if status.state not in ("QUEUED", "PENDING"):
        raise SystemExit(f"the job is {status.state}: {status.error_message}")
    time.sleep(POLL)

records, more = 0, {}
with open(os.environ["PARLEY_OUT"], "w", encoding="utf-8") as out:
    while records < enough:
        page = analytics.get_analytics_conversations_details_job_results(job, page_size=PAGE, **more)
        for conversation in page.conversations:
            out.write(json.dumps(client.sanitize_for_serialization(conversation)) + "\n")
        records += len(page.conversations)
        if not page.cursor:
            break
        more = {"cursor": page.cursor}
print(json.dumps({"records": records, "seconds": time.monotonic() - begun}))
