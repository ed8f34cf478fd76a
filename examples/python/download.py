"""Downloads a day's conversations by an asynchronous job, with the official client, into DAY.ndjson: a record a line.

DAY is a UTC day, yesterday if none is given. GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET say who asks, and
GENESYS_ENVIRONMENT (mypurecloud.com) whom, if it is not the sandbox at --base-url. Exit code 3: the platform does not have
all of the day yet, run again later.
"""

import json
import os
import sys
import time
from datetime import datetime, timedelta

import PureCloudPlatformClientV2 as platform
import genesys
import urllib3
from genesys import NotYet, Platform, arguments, instant, run, utc_day, write_whole
from PureCloudPlatformClientV2.rest import ApiException

JOBS = 3  # of a day
JOB_MAY_TAKE = 2 * 60 * 60  # seconds


class Lost(Exception):
    """A job that gives no more results, for whatever reason: a new one may."""


def from_job(on, *args, **more):
    """As ask; a job that is not there, and a cursor that is refused, are lost."""
    try:
        return on.ask(*args, **more)
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
        status = from_job(on, on.analytics.get_analytics_conversations_details_job, job)
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
    job = on.ask(on.analytics.post_analytics_conversations_details_jobs, query)["jobId"]
    try:
        await_fulfilled(on, job, poll)
        found, more = {}, {}
        while True:
            page = from_job(on, on.analytics.get_analytics_conversations_details_job_results, job, page_size=page_size, **more)
            check_complete(end, page)  # the date can go back while the job runs
            for record in page.get("conversations", []):
                found[record["conversationId"]] = record
            if not page.get("cursor"):
                return found.values()
            if page["cursor"] == more.get("cursor"):
                raise Lost("a page of the job leads to itself")
            more = {"cursor": page["cursor"]}
    finally:
        try:
            on.analytics.delete_analytics_conversations_details_job(job)
        except (ApiException, urllib3.exceptions.HTTPError):
            pass  # what is left expires by itself


def download(day, options):
    start = datetime.fromisoformat(day)
    end = start + timedelta(days=1)
    on = Platform(options.base_url)
    check_complete(end, on.ask(on.analytics.get_analytics_conversations_details_jobs_availability))
    for left in reversed(range(JOBS)):
        try:
            # A lost job leaves nothing: the next one begins with an empty list, so that no record is there twice.
            found = records(on, start, end, options.page_size, options.poll)
            break
        except Lost as e:
            if left == 0:
                raise
            print(f"{e}; submitting another job", file=sys.stderr)
    lines = [genesys.compact(record) + "\n" for record in found]
    write_whole(os.path.join(options.out, f"{day}.ndjson"), lambda out: out.write("".join(lines).encode()))
    print(f"{day}: {len(lines)} conversations")


def main():
    parser = arguments(__doc__)
    parser.add_argument("--out", default=".", help="folder of the file")
    parser.add_argument("--page-size", type=int, default=1000)
    parser.add_argument("--poll", type=float, default=10, help="seconds between two questions whether the job is done")
    parser.add_argument("day", nargs="?", default=utc_day(1))
    options = parser.parse_args()
    try:
        download(options.day, options)
    except Lost as e:
        sys.exit(str(e))


if __name__ == "__main__":
    run(main)
