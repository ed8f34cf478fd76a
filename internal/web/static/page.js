// Keys on what is there already: without this file every page reads and works the same.

// roving makes one of many links a tab stop, which arrows move.
function roving(links, move) {
  if (!links.length) return;
  let at = Math.max(0, links.findIndex((a) => a.closest("[aria-current=date]")));
  const go = (to) => {
    if (to < 0 || to >= links.length) return;
    links[at].tabIndex = -1;
    at = to;
    links[at].tabIndex = 0;
    links[at].focus();
  };
  links.forEach((a, n) => {
    a.tabIndex = n === at ? 0 : -1;
    a.addEventListener("focus", () => { links[at].tabIndex = -1; at = n; a.tabIndex = 0; });
    a.addEventListener("keydown", (e) => {
      if (e.ctrlKey || e.altKey || e.metaKey) return;
      const to = move(e, n);
      if (to === undefined || to < 0) return;
      e.preventDefault();
      go(to);
    });
  });
}

const days = [...document.querySelectorAll(".month td a")];
let from = -1; // where a span of days begins, while there is one

// span marks the days from one to another; -1 marks none.
function span(first, last) {
  from = first;
  days.forEach((a, n) => a.parentNode.classList.toggle("span", first >= 0 && n >= Math.min(first, last) && n <= Math.max(first, last)));
}

// explore asks for the days of the span, or for the one that is looked at.
function explore(n) {
  const day = (a) => a.pathname.split("/").pop();
  const first = Math.min(n, from < 0 ? n : from), last = Math.max(n, from);
  const after = new Date(`${day(days[last])}T00:00:00Z`);
  after.setUTCDate(after.getUTCDate() + 1);
  location.assign(`/ui/explore?from=${day(days[first])}&to=${after.toISOString().slice(0, 10)}`);
  return -1;
}

roving(days, (e, n) => {
  const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 7, ArrowUp: -7 }[e.key];
  if (by) {
    const to = n + by;
    if (!e.shiftKey) span(-1);
    else if (days[to]) span(from < 0 ? n : from, to);
    return to;
  }
  if (e.key === "e") return explore(n);
  if (e.key !== "g") return undefined;
  const isGap = (a) => a.parentNode.classList.contains("gap");
  const next = days.findIndex((a, i) => i > n && isGap(a));
  return next >= 0 ? next : days.findIndex(isGap);
});

const typing = (e) => e.target.closest("input, textarea, select") || e.ctrlKey || e.altKey || e.metaKey;
document.addEventListener("keydown", (e) => {
  if (typing(e)) return;
  const years = [...document.querySelectorAll(".crumb a, .crumb b")];
  const now = years.findIndex((y) => y.tagName === "B");
  const to = { "[": years[now - 1], "]": years[now + 1] }[e.key];
  if (now >= 0 && to && to.href) location.assign(to.href);
});

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
