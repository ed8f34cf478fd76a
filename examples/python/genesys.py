"""What the examples share: a client that is logged in, calls that are made until they are answered, and exit codes.

Environment: GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET say who asks, and GENESYS_ENVIRONMENT (mypurecloud.com) whom, if it is
not a sandbox that --base-url names.
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


class NotYet(Exception):
    """The platform does not have all of it yet: run again later, exit code 3."""


def need(name):
    return os.environ.get(name) or sys.exit(f"{name} is not set")


class Platform:
    def __init__(self, url):
        platform.configuration.host = url or f"https://api.{need('GENESYS_ENVIRONMENT')}"
        self.client = platform.ApiClient()
        self.analytics = platform.AnalyticsApi(self.client)
        self.conversations = platform.ConversationsApi(self.client)
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
                if e.status == 401 and may_log_in:  # tokens expire, in the middle of a day's pages too
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

    def found(self, start, end, number, size):
        """A page of the synchronous query, oldest conversations first. Pages count from 1 and have 100 at most."""
        query = platform.ConversationQuery()
        query.interval, query.order, query.order_by = f"{instant(start)}/{instant(end)}", "asc", "conversationStart"
        query.paging = platform.PagingSpec()
        query.paging.page_size, query.paging.page_number = size, number
        return self.ask(self.analytics.post_analytics_conversations_details_query, query)


def instant(t):
    return t.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def compact(record):
    """The JSON of a record on one line. Half a character, which JSON can write as \\ud83d and UTF-8 cannot write, has the whole record
    in ASCII."""
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(record, separators=(",", ":"))
    return text


def utc_day(days_ago):
    return f"{datetime.now(timezone.utc) - timedelta(days=days_ago):%Y-%m-%d}"


def write_whole(name, fill):
    """Has fill write a file that is there whole or not at all, after a loss of power too."""
    with open(name + ".part", "wb") as out:
        fill(out)
        out.flush()
        os.fsync(out.fileno())
    os.replace(name + ".part", name)


def arguments(doc):
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url")
    return parser


def run(main):
    """Ends the process with the exit code that a scheduler can act on: 3 is "later", 1 is "broken"."""
    try:
        main()
    except NotYet as e:
        print(e, file=sys.stderr)
        sys.exit(3)
    except (ApiException, urllib3.exceptions.HTTPError, OSError, ValueError) as e:
        sys.exit(f"{type(e).__name__}: {e}")
