"""Writes a day's conversations into DAY.csv, a row for each, by the synchronous query: what has happened up to this moment,
long before jobs have it.

DAY is a UTC day, today if none is given. Times but startTime and endTime are in milliseconds. A conversation that goes on has
no endTime. Exit code 3: the platform counts more conversations than it gives, run again later.
"""

import csv
import io
import os
from datetime import datetime, timedelta

import genesys
from genesys import NotYet

PAGE = 100  # the platform's largest
REACH = 100_000  # conversations that pages reach
SHORTEST = timedelta(hours=1)  # of the intervals into which a day is cut
READINGS = 3  # of all pages
COLUMNS = ["conversationId", "mediaType", "wrapUpCode", "totalHandleTime", "talkTime", "holdTime", "holdCount", "startTime", "endTime"]


def row(record):
    """Several media, or codes, stand in one field, each once, in the order of the record. tTalk and tHeld are emitted at each
    end of talking and of holding, so that they can be added while a conversation goes on, and tHandle when an agent is done
    with it."""
    sessions = [s for p in record.get("participants", []) for s in p.get("sessions", [])]
    segments = [g for s in sessions for g in s.get("segments", [])]
    metrics = [m for s in sessions for m in s.get("metrics", [])]
    values = lambda name: [m["value"] for m in metrics if m["name"] == name]
    once = lambda words: " ".join(dict.fromkeys(w for w in words if w))
    return [
        record["conversationId"], once(s.get("mediaType") for s in sessions), once(g.get("wrapUpCode") for g in segments),
        sum(values("tHandle")), sum(values("tTalk")), sum(values("tHeld")), len(values("tHeld")),
        record["conversationStart"], record.get("conversationEnd", ""),
    ]


def find(on, start, end, found):
    """Adds the rows of an interval, by id. Pages shift by one when a conversation comes into being while they are read, and
    one is then passed over: they are read again until there are as many as are counted. An interval with more conversations
    than pages reach is halved."""
    for _ in range(READINGS):
        number, here = 1, set()
        while True:
            page = on.found(start, end, number, PAGE)
            total, half = page.get("totalHits", 0), (end - start) / 2
            if total > REACH:
                if half < SHORTEST:
                    raise ValueError(f"{total} conversations from {start} to {end} are more than pages reach")
                find(on, start, start + half, found)
                return find(on, start + half, end, found)
            for record in page.get("conversations", []):
                here.add(record["conversationId"])
                found[record["conversationId"]] = row(record)
            if not page.get("conversations") or number * PAGE >= total:
                break
            number += 1
        if len(here) >= total:
            return
    raise NotYet(f"the platform counts {total} conversations, and gave {len(here)} of them")


def main():
    parser = genesys.arguments(__doc__)
    parser.add_argument("--out", default=".", help="folder of the file")
    parser.add_argument("day", nargs="?", default=genesys.utc_day(0))
    options = parser.parse_args()
    start, found = datetime.fromisoformat(options.day), {}
    find(genesys.Platform(options.base_url), start, start + timedelta(days=1), found)
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(COLUMNS)
    # The order of the file does not depend on how pages shifted.
    out.writerows(sorted(found.values(), key=lambda r: (r[COLUMNS.index("startTime")], r[0])))
    genesys.write_whole(os.path.join(options.out, f"{options.day}.csv"), lambda f: f.write(text.getvalue().encode()))
    print(f"{options.day}: {len(found)} conversations")


if __name__ == "__main__":
    genesys.run(main)
