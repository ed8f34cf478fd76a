"""Downloads a day's conversations by an asynchronous job, with the official client, into DAY.ndjson: a record a line.

DAY is a UTC day, yesterday if none is given. GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET say who asks, and
GENESYS_ENVIRONMENT (mypurecloud.com) whom, if it is not the sandbox at --base-url. Exit code 3: the platform does not have
all of the day yet, run again later.
"""

import argparse
import json
import os
import sys
import time
from datetime import datetime, timedelta, timezone

import PureCloudPlatformClientV2 as platform
import urllib3
from PureCloudPlatformClientV2.rest import ApiException

TRIES = 8  # of a request
JOBS = 3  # of a day
JOB_MAY_TAKE = 2 * 60 * 60  # seconds


class Lost(Exception):
    """A job that gives no more results, for whatever reason: a new one may."""


class NotYet(Exception):
    """A day that the platform does not have all of."""


def instant(t):
    return t.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def need(name):
    return os.environ.get(name) or sys.exit(f"{name} is not set")


class Platform:
    def __init__(self, url):
        platform.configuration.host = url or f"https://api.{need('GENESYS_ENVIRONMENT')}"
        self.client = platform.ApiClient()
        self.api = platform.AnalyticsApi(self.client)
        self.log_in()

    def log_in(self):
        self.ask(self.client.get_client_credentials_token, need("GENESYS_CLIENT_ID"), need("GENESYS_CLIENT_SECRET"), login=True)

    def ask(self, call, *args, login=False, **more):
        """Makes a call until it is answered, and gives the JSON as it was sent: the models of the client leave out what
        they do not know. After 429 and 503 with Retry-After the client itself waits, and tries again."""
        wait, may_log_in = 0.5, not login
        for left in reversed(range(TRIES)):
            try:
                call(*args, **more)
                return None if login else json.loads(self.client.last_response.data)
            except ApiException as e:
                if e.status == 401 and may_log_in:  # tokens expire, in the middle of a download too
                    self.log_in()
                    may_log_in = False
                    continue
                if left == 0 or e.status not in (408, 429) and e.status < 500:
                    raise
            except (urllib3.exceptions.HTTPError, ValueError):  # the connection was lost, or the body is not JSON
                if left == 0:
                    raise
            time.sleep(wait)
            wait *= 2

    def from_job(self, *args, **more):
        """As ask; a job that is not there, and a cursor that is refused, are lost."""
        try:
            return self.ask(*args, **more)
        except ApiException as e:
            if e.status in (400, 404):
                raise Lost(json.loads(e.body)["message"]) from e
            raise


def check_complete(end, answer):
    date = answer.get("dataAvailabilityDate", "")
    if date < instant(end):  # both are UTC, and written alike
        raise NotYet(f"not yet: data is complete up to {date} only")


def await_fulfilled(on, job, poll):
    for _ in range(int(JOB_MAY_TAKE / poll)):
        time.sleep(poll)
        status = on.from_job(on.api.get_analytics_conversations_details_job, job)
        if status["state"] == "FULFILLED":
            return
        if status["state"] not in ("QUEUED", "PENDING"):
            raise Lost(f"the job is {status['state']} {status.get('errorMessage', '')}")
    raise Lost(f"the job is not done after {JOB_MAY_TAKE} s")


def records(on, start, end, page_size, poll):
    """The records of a job, by their id: a page can come twice, be empty, or have no conversations at all. The last page is
    the one without a cursor."""
    query = platform.AsyncConversationQuery()
    query.interval = f"{instant(start)}/{instant(end)}"
    query.order, query.order_by = "asc", "conversationStart"
    query.start_of_day_interval_matching = True  # otherwise it also finds conversations of earlier days that went on
    job = on.ask(on.api.post_analytics_conversations_details_jobs, query)["jobId"]
    try:
        await_fulfilled(on, job, poll)
        found, more = {}, {}
        while True:
            page = on.from_job(on.api.get_analytics_conversations_details_job_results, job, page_size=page_size, **more)
            check_complete(end, page)  # the date can go back while the job runs
            for record in page.get("conversations", []):
                found[record["conversationId"]] = record
            if "cursor" not in page:
                return found.values()
            more = {"cursor": page["cursor"]}
    finally:
        try:
            on.api.delete_analytics_conversations_details_job(job)
        except (ApiException, urllib3.exceptions.HTTPError):
            pass  # what is left expires by itself


def download(day, options):
    start = datetime.fromisoformat(day)
    end = start + timedelta(days=1)
    on = Platform(options.base_url)
    check_complete(end, on.ask(on.api.get_analytics_conversations_details_jobs_availability))
    for left in reversed(range(JOBS)):
        try:
            # A lost job leaves nothing: the next one begins with an empty list, so that no record is there twice.
            found = records(on, start, end, options.page_size, options.poll)
            break
        except Lost as e:
            if left == 0:
                raise
            print(f"{e}; submitting another job", file=sys.stderr)
    name = os.path.join(options.out, f"{day}.ndjson")
    with open(name + ".part", "w", encoding="utf-8") as out:
        for record in found:
            out.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")
        out.flush()
        os.fsync(out.fileno())
    os.replace(name + ".part", name)  # whole or not at all
    print(f"{day}: {len(found)} conversations")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url")
    parser.add_argument("--out", default=".", help="folder of the file")
    parser.add_argument("--page-size", type=int, default=1000)
    parser.add_argument("--poll", type=float, default=10, help="seconds between two questions whether the job is done")
    parser.add_argument("day", nargs="?", default=f"{datetime.now(timezone.utc) - timedelta(days=1):%Y-%m-%d}")
    options = parser.parse_args()
    try:
        download(options.day, options)
    except NotYet as e:
        print(e, file=sys.stderr)
        sys.exit(3)
    except (Lost, ApiException, urllib3.exceptions.HTTPError) as e:
        sys.exit(str(e))


if __name__ == "__main__":
    main()
