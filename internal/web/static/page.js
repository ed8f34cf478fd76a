// Keys on what is there already: without this file every page reads and works the same.

document.documentElement.classList.add("script"); // so that keys are told only where they do something

// The days of a calendar are one tab stop, which arrows move. Keys work wherever nobody writes: whoever opens the page need not find a day
// first.
const days = () => [...document.querySelectorAll(".month td a")];
const isGap = (a) => a.parentNode.matches(".gap");
const dayOf = (a) => a.pathname.split("/").pop();
let stop = ""; // the day that is the tab stop
let marked = null; // the first and the last day of a span

// firstStop is what is looked for on a page that was just opened: the first gap, or the newest day of which there is something.
const firstStop = (list) => list.find(isGap) ?? list.findLast((a) => a.parentNode.matches(".settled, .provisional")) ?? list[0];

// arrange has the calendar look as it does with script, after it was loaded or changed in place.
function arrange() {
  const list = days();
  if (!list.length) return;
  if (!list.some((a) => dayOf(a) === stop)) stop = dayOf(firstStop(list));
  for (const a of list) {
    const day = dayOf(a);
    a.tabIndex = day === stop ? 0 : -1;
    a.parentNode.classList.toggle("span", marked !== null && day >= marked[0] && day <= marked[1]);
  }
  const box = document.querySelector("#letters");
  if (box?.closest(".keys")) box.checked = letters();
}

// Single letters and signs are keys unless somebody has switched them off, here or at a conversation.
const letters = () => { try { return localStorage.getItem("parley.keys") !== "off"; } catch { return true; } };
document.addEventListener("change", (e) => {
  if (!e.target.matches(".keys #letters")) return;
  try { localStorage.setItem("parley.keys", e.target.checked ? "on" : "off"); } catch { /* the browser keeps nothing */ }
});

// say tells what a key did that leads nowhere.
const said = document.createElement("p");
said.className = "said";
said.setAttribute("role", "status");
const say = (text) => { said.textContent = text; };

// mark makes the days from one to another a span; without any there is none.
let from = null; // where the span begins
function mark(first, last) {
  from = first ? dayOf(first) : null;
  marked = first ? [dayOf(first), dayOf(last)].sort() : null;
  arrange();
  const n = document.querySelectorAll(".month .span").length;
  say(n ? `${n} ${n === 1 ? "day" : "days"}${letters() ? ": e explores" + (n === 1 ? " it" : " them") : ""}` : "");
}

// explore asks for the days of the span, or for one day.
function explore(day) {
  const [first, last] = marked ?? [day, day];
  const after = new Date(`${last}T00:00:00Z`);
  after.setUTCDate(after.getUTCDate() + 1);
  location.assign(`/ui/explore?from=${first}&to=${after.toISOString().slice(0, 10)}`);
}

// arrow gives the day to which an arrow leads, and moves the end of the span with it. Without a day in focus it leads to the tab stop.
function arrow(e, list, n) {
  const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 7, ArrowUp: -7 }[e.key];
  const here = list[n] ?? list.find((a) => a.tabIndex === 0), to = list[list.indexOf(here) + by];
  if (!e.shiftKey) { mark(null); return n < 0 ? here : to; }
  if (to) mark(list.find((a) => dayOf(a) === from) ?? here, to);
  return to;
}

// letter does what a letter stands for, and gives the day to which it leads.
function letter(e, list, n) {
  if (e.key === "e" && (n >= 0 || marked)) explore(list[n] && dayOf(list[n]));
  if (e.key !== "g") return null;
  const gap = list.find((a, i) => i > n && isGap(a)) ?? list.find(isGap);
  say(gap ? "" : "No day of this year is missing.");
  return gap;
}

const typing = (e) => e.target.closest("input:not([type=checkbox]), textarea, select") || e.ctrlKey || e.altKey || e.metaKey;
document.addEventListener("keydown", (e) => {
  if (typing(e)) return;
  if (letters()) turn(e.key);
  const list = days(), n = list.indexOf(document.activeElement);
  if (!list.length) return;
  const to = e.key.startsWith("Arrow") ? arrow(e, list, n) : letters() && letter(e, list, n);
  if (!to) return;
  e.preventDefault();
  to.focus();
});
document.addEventListener("focusin", (e) => { if (e.target.matches(".month td a")) { stop = dayOf(e.target); arrange(); } });
document.addEventListener("shown", arrange); // live.js has changed the page

// turn leads to the year before or after.
function turn(key) {
  const years = [...document.querySelectorAll(".crumb a, .crumb b")];
  const now = years.findIndex((y) => y.tagName === "B");
  const to = { "[": years[now - 1], "]": years[now + 1] }[key];
  if (now >= 0 && to && to.href) location.assign(to.href);
}

if (days().length) { document.body.append(said); arrange(); }

// Light or dark: as the system has it, until somebody chooses the other.
const scheme = document.querySelector("#scheme"), system = matchMedia("(prefers-color-scheme: dark)");
const chosen = document.documentElement.dataset;
const dark = () => chosen.scheme ? chosen.scheme === "dark" : system.matches;
const tell = () => { scheme.textContent = dark() ? "light colours" : "dark colours"; };
scheme.addEventListener("click", () => {
  const wanted = dark() ? "light" : "dark";
  if (system.matches === (wanted === "dark")) delete chosen.scheme; else chosen.scheme = wanted;
  document.cookie = `parley-scheme=${chosen.scheme ?? ""}; path=/ui; samesite=lax; max-age=${chosen.scheme ? 31536000 : 0}`;
  tell();
  dispatchEvent(new Event("scheme"));
});
system.addEventListener("change", tell);
tell();
scheme.hidden = false;
