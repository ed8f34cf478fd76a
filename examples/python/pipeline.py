"""Brings a day's conversations by an asynchronous job into DAY.parquet, a folder with a Parquet file for each page, as pandas,
DuckDB and Spark read it.

DAY is a UTC day, yesterday if none is given. Killed at any point, it goes on at the page where it was when it is run again.
Exit code 3: the platform does not have all of the day yet, run again later.
"""

import json
import os
import random
import shutil
import sys
import time
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq

import genesys
from genesys import ApiException, NotYet, instant, platform

JOBS = 3  # of a run, when they are lost
JOB_MAY_TAKE = 2 * 60 * 60  # seconds
TOLERANCE = 0.05  # between the records and what the synchronous query counts

MS = pa.timestamp("ms", tz="UTC")
SCHEMA = pa.schema([  # what most questions ask for as columns, and the record itself for the others
    pa.field("conversation_id", pa.string(), False), pa.field("conversation_start", MS, False), ("conversation_end", MS),
    ("originating_direction", pa.string()), ("media_type", pa.string()), ("handle_ms", pa.int64()), pa.field("record", pa.string(), False),
])


class Lost(Exception):
    """A job that gives no more results, for whatever reason: a new one may."""


def row(record):
    sessions = [s for p in record.get("participants", []) for s in p.get("sessions", [])]
    time_of = lambda name: datetime.fromisoformat(record[name].replace("Z", "+00:00")) if name in record else None
    return {
        "conversation_id": record["conversationId"], "conversation_start": time_of("conversationStart"), "conversation_end": time_of("conversationEnd"),
        "originating_direction": record.get("originatingDirection"), "media_type": next((s["mediaType"] for s in sessions if "mediaType" in s), None),
        "handle_ms": sum(m["value"] for s in sessions for m in s.get("metrics", []) if m["name"] == "tHandle"),
        "record": genesys.compact(record),
    }


class Pipeline:
    def __init__(self, on, day, options):
        self.on, self.start, self.options = on, datetime.fromisoformat(day), options
        self.end = self.start + timedelta(days=1)
        self.name = os.path.join(options.out, day)
        self.folder = self.name + ".partial"  # renamed when all is there
        # What a later process has to know, written anew behind each page. Names with an underscore are passed over by those
        # who read a folder of Parquet files.
        self.state_file = os.path.join(self.folder, "_state.json")

    def bring(self):
        """Reads a job to its end, or another one if it is lost: a new job may have another order, so it begins with nothing."""
        self.check_complete(self.on.ask(self.on.analytics.get_analytics_conversations_details_jobs_availability))
        for left in reversed(range(JOBS)):
            try:
                return self.read()
            except Lost as e:
                shutil.rmtree(self.folder, ignore_errors=True)
                if left == 0:
                    raise ValueError(str(e)) from e
                print(f"{e}; submitting another job", file=sys.stderr)

    def read(self):
        state = self.begin()
        if state["done"]:  # killed after the last page
            return state
        self.wait(state["job"])
        seen = set()
        for n in range(state["pages"]):
            seen.update(pq.read_table(self.page_file(n), columns=["conversation_id"])["conversation_id"].to_pylist())
        while not state["done"]:
            self.page(state, seen)
        try:
            self.on.analytics.delete_analytics_conversations_details_job(state["job"])
        except (ApiException, genesys.urllib3.exceptions.HTTPError):
            pass  # what is left expires by itself
        return state

    def begin(self):
        """The state of the run before, or that of a job that is submitted."""
        try:
            with open(self.state_file, encoding="utf-8") as f:
                return json.load(f)
        except FileNotFoundError:
            pass
        query = platform.AsyncConversationQuery()
        query.interval, query.order, query.order_by = f"{instant(self.start)}/{instant(self.end)}", "asc", "conversationStart"
        query.start_of_day_interval_matching = True  # otherwise it also finds conversations of earlier days that went on
        job = self.on.ask(self.on.analytics.post_analytics_conversations_details_jobs, query)["jobId"]
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        return self.save({"job": job, "cursor": None, "pages": 0, "records": 0, "twice": 0, "done": False})

    def save(self, state):
        genesys.write_whole(self.state_file, lambda f: f.write(json.dumps(state).encode()))
        return state

    def of_job(self, *args, **more):
        """As ask; a job that is not there, and a cursor that is refused, are lost."""
        try:
            return self.on.ask(*args, **more)
        except ApiException as e:
            if e.status in (400, 404):
                raise Lost(f"the job is lost: status {e.status}") from e
            raise

    def wait(self, job):
        """Asks after 10 seconds, 20, 40, up to 120, and a little more by chance, so that many who began at once do not ask at once."""
        wait, waited = self.options.poll, 0
        while waited < JOB_MAY_TAKE:
            status = self.of_job(self.on.analytics.get_analytics_conversations_details_job, job)
            if status["state"] == "FULFILLED":
                return
            if status["state"] not in ("QUEUED", "PENDING"):
                raise Lost(f"the job is {status['state']} {status.get('errorMessage', '')}")
            time.sleep(wait * random.uniform(1, 1.5))
            waited += wait
            wait = min(2 * wait, 12 * self.options.poll)
        raise Lost(f"the job is not done after {JOB_MAY_TAKE} s")

    def page(self, state, seen):
        """Brings one page: first its file, and then the state. Killed between the two, the page is read again, into the same file."""
        more = {"cursor": state["cursor"]} if state["cursor"] else {}
        page = self.of_job(self.on.analytics.get_analytics_conversations_details_job_results, state["job"], page_size=self.options.page_size, **more)
        self.check_complete(page)  # the date can go back while the job is read
        if page.get("cursor") and page.get("cursor") == state["cursor"]:
            raise Lost("a page of the job leads to itself")
        records, rows = page.get("conversations", []), []
        for record in records:  # a page can come twice
            if record["conversationId"] not in seen:
                seen.add(record["conversationId"])
                rows.append(row(record))
        genesys.write_whole(self.page_file(state["pages"]), lambda f: pq.write_table(pa.Table.from_pylist(rows, SCHEMA), f, compression="zstd"))
        state.update(cursor=page.get("cursor"), done=not page.get("cursor"), pages=state["pages"] + 1)
        state.update(records=state["records"] + len(rows), twice=state["twice"] + len(records) - len(rows))
        self.save(state)

    def page_file(self, n):
        return os.path.join(self.folder, f"page-{n:05}.parquet")

    def check_complete(self, answer):
        date = answer.get("dataAvailabilityDate", "")
        if date < instant(self.end):  # both are UTC, and written alike
            raise NotYet(f"not yet: data is complete up to {date} only")

    def check_count(self, records):
        """Counts the day by the synchronous query, which goes another way through the platform."""
        counted = self.on.found(self.start, self.end, 1, 1).get("totalHits", 0)
        if abs(counted - records) > TOLERANCE * counted:
            shutil.rmtree(self.folder)  # the next run begins anew
            raise NotYet(f"not yet: the job gave {records} conversations, and the query counts {counted}")

    def publish(self):
        """Whoever reads the folder sees all of the day, or that of the run before."""
        shutil.rmtree(self.name + ".parquet", ignore_errors=True)
        os.rename(self.folder, self.name + ".parquet")


def main():
    parser = genesys.arguments(__doc__)
    parser.add_argument("--out", default=".", help="folder of the result")
    parser.add_argument("--page-size", type=int, default=1000)
    parser.add_argument("--poll", type=float, default=10, help="first wait for the job in seconds; each is twice as long, up to twelve times the first")
    parser.add_argument("day", nargs="?", default=genesys.utc_day(1))
    options = parser.parse_args()
    pipeline = Pipeline(genesys.Platform(options.base_url), options.day, options)
    state = pipeline.bring()
    pipeline.check_count(state["records"])
    pipeline.publish()
    print(f"{options.day}: {state['records']} conversations, {state['twice']} of them twice")


if __name__ == "__main__":
    genesys.run(main)
