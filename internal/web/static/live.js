// A page that follows something asks for itself again whenever that has changed, and takes over what is different: what somebody has
// under the pointer or in focus stays where it is. Whoever looks away is not sent anything; coming back they are told what they missed.
import { Idiomorph } from "./vendor/idiomorph.js";

const main = document.querySelector("main");
const state = document.querySelector("#stream");
const address = new URL(document.body.dataset.live, location);
let source;
let last = address.searchParams.get("last");
let seen = new Date();
let held; // the page as it is now, while rows wait to be put in

const time = (at) => at.toISOString().slice(11, 19);
const say = (text) => { if (state.textContent !== text) state.textContent = text; };

// touched are the fields that somebody has written in: what stands there is theirs until the page is loaded again.
const touched = new WeakSet();
document.addEventListener("input", (e) => touched.add(e.target));

// within says whether somebody is at a table: its rows must not move.
const within = (rows) => rows.matches(":hover") || rows.contains(document.activeElement);
const isRow = (node) => node.nodeName === "TR" && node.parentNode?.matches("[data-rows]");

// take has the page show another version of itself, and gives how many rows wait.
function take(next, all) {
  let waiting = 0;
  const stays = (node, rows) => !all && rows && within(rows);
  Idiomorph.morph(main, [...next.childNodes], {
    morphStyle: "innerHTML",
    ignoreActiveValue: true,
    restoreFocus: true,
    callbacks: {
      beforeNodeAdded: (node) => {
        const rows = node.nodeName === "TR" && document.querySelector("[data-rows]");
        if (stays(node, rows)) { waiting += 1; return false; }
        return true;
      },
      beforeNodeMorphed: (node) => !touched.has(node),
      beforeNodeRemoved: (node) => !(isRow(node) && stays(node, node.parentNode)),
      beforeAttributeUpdated: (name, node) => !(name === "open" && node.nodeName === "DETAILS"),
    },
  });
  return waiting;
}

async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (answer.redirected) { location.reload(); return; } // signed out
  const text = new DOMParser().parseFromString(await answer.text(), "text/html");
  held = text.querySelector("main");
  show(false);
}

function show(all) {
  const waiting = take(held.cloneNode(true), all);
  const more = document.querySelector("#news");
  more.hidden = waiting === 0;
  more.textContent = `${waiting} new`;
  document.dispatchEvent(new Event("shown"));
}
document.querySelector("#news").addEventListener("click", () => show(true));

function follow() {
  address.searchParams.set("last", last);
  source = new EventSource(address);
  source.addEventListener("open", () => { seen = new Date(); say("live"); });
  source.addEventListener("here", () => { seen = new Date(); });
  source.addEventListener("changed", (e) => {
    seen = new Date();
    last = e.lastEventId;
    say("live");
    refresh().catch(() => say(`last seen ${time(seen)} UTC; trying again`));
  });
  source.addEventListener("error", () => {
    say(`last seen ${time(seen)} UTC; trying again`);
    if (source.readyState === EventSource.CLOSED) setTimeout(again, 2000);
  });
}

// again begins anew where the server refused the stream: it is not there, or nobody is signed in any more.
async function again() {
  if (document.hidden) return;
  try { await refresh(); follow(); } catch { setTimeout(again, 5000); }
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) { source.close(); say(""); } else { follow(); }
});
follow();
