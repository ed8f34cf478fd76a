// Keys, zoom and branches on the page of a conversation. All of them are links without this file.

const stored = {
  get(name) { try { return localStorage.getItem(name); } catch { return null; } },
  set(name, value) { try { localStorage.setItem(name, value); } catch { /* the browser keeps nothing */ } },
};
const one = (selector) => document.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// What is looked at: the bars are one tab stop, which arrows move.

const bars = () => all(".stack a.bar");
const middle = (bar) => { const r = bar.getBoundingClientRect(); return r.left + r.width / 2; };

function stop(bar) {
  for (const b of bars()) b.tabIndex = b === bar ? 0 : -1;
}

function look(bar) {
  if (!bar) return;
  stop(bar);
  bar.focus();
}

// inLane is the bar of another lane that lies nearest: lanes without a bar are passed over.
function inLane(bar, by) {
  const lanes = all(".stack .lane"), x = middle(bar);
  for (let n = lanes.indexOf(bar.closest(".lane")) + by; lanes[n]; n += by) {
    const there = all("a.bar", lanes[n]).sort((a, b) => Math.abs(middle(a) - x) - Math.abs(middle(b) - x));
    if (there.length) return there[0];
  }
  return null;
}

function arrow(key, from) {
  const list = bars(), n = list.indexOf(from);
  if (n < 0) return key === "ArrowRight" || key === "ArrowLeft" ? list.find((b) => b.tabIndex === 0) : null;
  return { ArrowRight: () => list[n + 1], ArrowLeft: () => list[n - 1], ArrowDown: () => inLane(from, 1), ArrowUp: () => inLane(from, -1) }[key]();
}

// Other states of the page: swap shows one without loading it all, and Back leads to the one before.

let asked = 0, here = location.pathname + location.search;

async function swap(address, push = true) {
  const mine = ++asked, kept = document.activeElement?.id;
  const text = await fetch(address).then((answer) => (answer.ok && !answer.redirected ? answer.text() : null), () => null);
  if (mine !== asked) return; // something newer was asked for
  if (text === null) { location.assign(address); return; } // which says what is wrong
  const next = new DOMParser().parseFromString(text, "text/html");
  if (push) history.pushState(null, "", address);
  here = location.pathname + location.search;
  one("main").replaceChildren(...next.querySelector("main").childNodes);
  begin();
  if (kept) document.getElementById(kept)?.focus();
  if (one("#timeline")) said.textContent = `Shows ${shown().from} to ${shown().to}`;
}

// said tells those who cannot see it what was swapped in.
const said = document.createElement("p");
said.className = "sr";
said.setAttribute("role", "status");
document.body.append(said);

addEventListener("popstate", () => { if (location.pathname + location.search !== here) swap(location.href, false); });

// Zoom. Each stretch of the axis is linear in itself.

const stretches = () => all(".axis .stretch").map((s) => ({ x: +s.dataset.x, w: +s.dataset.w, from: +s.dataset.from, to: +s.dataset.to, knots: s.dataset.knots?.trim().split(" ").map(Number) }));

// timeAt is the instant at a place, in milliseconds. Of a stretch that goes on outside what is shown, only a part is drawn.
function timeAt(x) {
  const list = stretches();
  const s = list.find((s) => x <= s.x + s.w) ?? list.at(-1);
  if (s.knots) return between(s.knots, x);
  const from = Math.max(s.from, Date.parse(shown().from)), to = Math.min(s.to, Date.parse(shown().to));
  return from + (to - from) * (s.w ? Math.min(Math.max((x - s.x) / s.w, 0), 1) : 0);
}

// between is the instant at a place between two of which it is known.
function between(knots, x) {
  const at = Math.min(Math.max(x, 0), 1) * (knots.length - 1), n = Math.min(Math.floor(at), knots.length - 2);
  return knots[n] + (knots[n + 1] - knots[n]) * (at - n);
}

const shown = () => one("#timeline").dataset;

// zoomTo shows what lies between two places of the axis, or of a line that has all of the time on it.
function zoomTo(from, to, at = timeAt) {
  const begin = Math.floor(at(Math.max(from, 0))), end = Math.ceil(at(Math.min(to, 1)));
  if (end - begin < 2) { settle(); return; }
  const address = new URL(location.href);
  address.searchParams.set("from", new Date(begin).toISOString());
  address.searchParams.set("to", new Date(end).toISOString());
  address.hash = "";
  swap(address.href);
}

const placeOf = (e, plot) => { const r = plot.getBoundingClientRect(); return (e.clientX - r.left) / r.width; };

// onStrip is the instant at a place of the strip, which is true to scale.
function onStrip(x) {
  const { first, until } = one(".strip").dataset;
  return +first + (until - first) * x;
}

// drag marks the part of the time that is to be shown, on a lane, the ruler or the strip.
let drag = null;

document.addEventListener("pointerdown", (e) => {
  const plot = e.target.closest(".stack .plot, .axis, .strip");
  if (plot && e.button === 0) drag = { plot, from: placeOf(e, plot), x: e.clientX, brush: null };
});

document.addEventListener("pointermove", (e) => {
  if (!drag || !drag.brush && Math.abs(e.clientX - drag.x) < 6) return;
  const ground = drag.plot.closest(".stack") ?? drag.plot.closest(".row");
  if (!drag.brush) {
    drag.brush = document.createElement("i");
    drag.brush.className = "brush";
    ground.append(drag.brush);
  }
  const r = drag.plot.getBoundingClientRect(), { left } = ground.getBoundingClientRect();
  drag.to = Math.min(Math.max(placeOf(e, drag.plot), 0), 1);
  drag.brush.style.left = `${r.left - left + Math.min(drag.from, drag.to) * r.width}px`;
  drag.brush.style.width = `${Math.abs(drag.to - drag.from) * r.width}px`;
});

document.addEventListener("pointerup", () => {
  const done = drag;
  drag = null;
  if (!done?.brush) return;
  done.brush.remove();
  ended = performance.now();
  zoomTo(Math.min(done.from, done.to), Math.max(done.from, done.to), done.plot.matches(".strip") ? onStrip : timeAt);
});

// The click that ends a drag leads nowhere.
let ended = -1;
document.addEventListener("click", (e) => {
  if (performance.now() - ended < 50 && e.target.closest(".lanes")) { e.preventDefault(); e.stopPropagation(); }
}, { capture: true });

document.addEventListener("dragstart", (e) => { if (e.target.closest(".lanes")) e.preventDefault(); });

// wheel moves the scale at once, and asks for what it shows when the wheel rests.
let wheel = null;
const restsAfter = 150; // milliseconds

document.addEventListener("wheel", (e) => {
  const plot = e.target.closest?.(".stack .plot, .axis");
  if (!plot || !e.ctrlKey) return;
  e.preventDefault();
  wheel ??= { at: placeOf(e, plot), by: 1 };
  wheel.by = Math.min(Math.max(wheel.by * Math.exp(-e.deltaY / 300), 0.2), 50);
  one("#timeline").classList.add("zooming");
  for (const p of all(".stack .plot, .axis, .ties")) {
    p.style.transformOrigin = `${wheel.at * 100}% 0`;
    p.style.transform = `scaleX(${wheel.by})`;
  }
  clearTimeout(wheel.rests);
  wheel.rests = setTimeout(() => {
    const { at, by } = wheel;
    wheel = null;
    const out = one("#zoom-out");
    if (by >= 1) zoomTo(at - at / by, at + (1 - at) / by);
    else if (out) swap(out.href);
    else settle();
  }, restsAfter);
}, { passive: false });

// settle takes a scale back that was moved, where there is nothing to show by it.
function settle() {
  one("#timeline")?.classList.remove("zooming");
  for (const p of all(".stack .plot, .axis, .ties")) p.style.transform = "";
}

// Keys

const press = (selector) => { const a = one(selector); if (a) swap(a.href); return Boolean(a); };

const keys = {
  "+": () => press("#zoom-in"),
  "=": () => press("#zoom-in"),
  "-": () => press("#zoom-out"),
  0: () => press("#zoom-all"),
  f() { const [folded, straight] = all("#scales a"); (folded?.hasAttribute("aria-current") ? straight : folded)?.click(); return Boolean(folded); },
  m() { stored.set("parley.metrics", stored.get("parley.metrics") === "off" ? "on" : "off"); metrics(); return true; },
  "/"() {
    const find = one("#find"), tab = one('.tabs a[href*="tab=record"]');
    if (find) find.select();
    else location.assign(tab.href + "#find");
    return true;
  },
  "?"() { one("#keys").showModal(); return true; },
};

const metrics = () => one("#timeline")?.classList.toggle("no-metrics", stored.get("parley.metrics") === "off");

document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.altKey || e.metaKey || one("#keys")?.open || e.target.closest("input:not([type=checkbox]), textarea, select")) return;
  if (e.key.startsWith("Arrow")) {
    const bar = arrow(e.key, e.target.closest?.("a.bar"));
    if (bar) { e.preventDefault(); look(bar); }
    return;
  }
  if (stored.get("parley.keys") !== "off" && Object.hasOwn(keys, e.key) && keys[e.key]()) e.preventDefault();
});

document.addEventListener("focusin", (e) => { if (e.target.matches("a.bar")) stop(e.target); });

// Branches of the record open in place.

function row(member) {
  const li = document.createElement("li"), code = document.createElement("code");
  const branches = member.kind === "object" || member.kind === "array";
  const opens = member.path && (branches || member.cut);
  const name = document.createElement(opens ? "a" : "span");
  name.textContent = member.name;
  name.className = opens ? "branch mono" : "mono dim";
  if (opens) name.href = addressOf(member.path);
  code.textContent = branches ? (member.kind === "array" ? `[ ${member.size ?? 0} ]` : `{ ${member.size ?? 0} }`) : member.text + (member.cut ? " …" : "");
  li.append(name, " ", code);
  return li;
}

// value is one that was cut among others.
function value(branch) {
  const li = document.createElement("li"), code = document.createElement("code");
  code.textContent = branch.text + (branch.cut ? " …" : "");
  li.append(code);
  return li;
}

function addressOf(path, after) {
  const q = new URLSearchParams({ tab: "record", path });
  if (after) q.set("after", after);
  return `?${q}`;
}

async function members(list, address) {
  const q = new URL(address, location.href).searchParams;
  const ask = new URLSearchParams({ path: q.get("path") ?? "", after: q.get("after") ?? "" });
  const answer = await fetch(`${one(".record").dataset.record}?${ask}`);
  if (!answer.ok) { location.assign(address); return; }
  const branch = await answer.json();
  list.append(...(branch.members ?? []).map(row));
  if (branch.text) list.append(value(branch));
  if (!branch.next) return;
  const li = document.createElement("li"), a = document.createElement("a");
  a.className = "more";
  a.href = addressOf(branch.path, branch.next);
  a.textContent = `${branch.size - branch.next} more`;
  li.append(a);
  list.append(li);
}

async function open(a) {
  const li = a.closest("li"), there = li.querySelector("ul");
  a.setAttribute("aria-expanded", String(!there));
  if (there) { there.remove(); return; }
  const list = document.createElement("ul");
  list.className = "tree";
  li.append(list);
  await members(list, a.href);
}

document.addEventListener("click", async (e) => {
  const a = e.target.closest("a.branch, a.more");
  if (!a || e.ctrlKey || e.metaKey || e.shiftKey || e.button) return;
  e.preventDefault();
  if (a.matches(".branch")) { await open(a); return; }
  const li = a.closest("li"), list = li.parentElement;
  await members(list, a.href);
  li.remove();
  list.querySelector(":scope > li:last-child a")?.focus();
});

// begin makes of a page that was just loaded, or swapped in, what it is with script.
function begin() {
  const list = bars();
  if (list.length) stop(list.find((b) => b.matches(".chosen")) ?? list[0]);
  metrics();
  for (const a of all("a.branch")) a.setAttribute("aria-expanded", "false");
  const button = one("#all-keys"), letters = one("#letters");
  button.hidden = false;
  button.addEventListener("click", () => one("#keys").showModal());
  letters.checked = stored.get("parley.keys") !== "off";
  letters.addEventListener("change", () => stored.set("parley.keys", letters.checked ? "on" : "off"));
  if (location.hash === "#find") one("#find")?.focus();
}

begin();
