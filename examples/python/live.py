"""Prints what two sources say of one conversation, side by side: the live object, which has states and attributes, and the
record of analytics, which has segments and metrics.

  python3 live.py CONVERSATION | column -t -s "$(printf '\\t')"

Analytics comes to know a conversation some seconds after its beginning, and its end some time after that: the program asks
again until analytics has caught up with the live object. Exit code 3: it had not when the wait was over; what it has is printed.
"""

import sys
import time

import genesys
from genesys import ApiException, NotYet

MEDIA = ("calls", "callbacks", "chats", "emails", "messages")  # a participant of a live object has a list for each


def existing(on, call, conversation):
    """What a call gives of a conversation; nothing when it does not know it."""
    try:
        return on.ask(call, conversation)
    except ApiException as e:
        if e.status != 404:
            raise
        return {}


def caught_up(on, conversation, live, poll, wait):
    """The record, when analytics has the conversation, and its end if the live object has one; and whether it has."""
    waited = 0
    while True:
        record = existing(on, on.analytics.get_analytics_conversation_details, conversation)
        if record and ("endTime" not in live or "conversationEnd" in record):
            return record, True
        if waited >= wait:
            return record, False
        time.sleep(poll)
        waited += poll
        poll = min(2 * poll, 120)


def live_says(participant):
    """What the live object says of a participant: "ended", or the states of what they use, as "connected"."""
    states = [c["state"] for medium in MEDIA for c in participant.get(medium, [])]
    return {
        "state": "ended" if participant.get("endTime") else " ".join(states),
        "wrap-up": participant.get("wrapup", {}).get("code", ""),
        "attributes": str(len(participant.get("attributes", {})) or ""),
    }


def analytics_say(participant):
    """The same of analytics: "ended", or the segments that go on, as "interact"; the last wrap-up; how many metrics."""
    sessions = participant.get("sessions", [])
    segments = [g for s in sessions for g in s.get("segments", [])]
    going_on = [g["segmentType"] for g in segments if "segmentEnd" not in g]
    codes = [g["wrapUpCode"] for g in segments if g.get("wrapUpCode")]
    return {
        "state": " ".join(going_on) if going_on or not sessions else "ended",
        "wrap-up": codes[-1] if codes else "",
        "attributes": str(len(participant.get("attributes", {})) or ""),  # only results of jobs have them, not the record by id
        "metrics": str(sum(len(s.get("metrics", [])) for s in sessions) or ""),
    }


def remark(live, analytics):
    if live == analytics:
        return ""
    return "live only" if not analytics else "analytics only" if not live else "differs"


def compare(live, record):
    """Rows of the field, and of what the two say. Participants are found again by their id, never by their place."""
    yield "start", live.get("startTime", ""), record.get("conversationStart", "")
    yield "end", live.get("endTime", ""), record.get("conversationEnd", "")
    lives = {p["id"]: p for p in live.get("participants", [])}
    records = {p["participantId"]: p for p in record.get("participants", [])}
    for id in lives | records:
        a, b = lives.get(id, {}), records.get(id, {})
        said, recorded = live_says(a), analytics_say(b)
        for field in recorded:
            if said.get(field) or recorded[field]:
                yield f"{(a or b).get('purpose', '')} {id[:8]} {field}", said.get(field, ""), recorded[field]


def main():
    parser = genesys.arguments(__doc__)
    parser.add_argument("--wait", type=float, default=600, help="seconds that analytics may take")
    parser.add_argument("--poll", type=float, default=10, help="seconds before it is asked again; each is twice as long, up to 120")
    parser.add_argument("conversation")
    options = parser.parse_args()
    on = genesys.Platform(options.base_url)
    live = existing(on, on.conversations.get_conversation, options.conversation)
    if not live:  # the platform forgets it sixty days after the end: analytics is then all there is
        print("there is no live object, or none any more", file=sys.stderr)
    record, all_there = caught_up(on, options.conversation, live, options.poll, options.wait)
    print("FIELD", "LIVE", "ANALYTICS", "REMARK", sep="\t")
    for field, a, b in compare(live, record):
        print(field, a or "-", b or "-", remark(a, b), sep="\t")
    if not all_there:
        raise NotYet("analytics has not caught up yet: run again later")


if __name__ == "__main__":
    genesys.run(main)
