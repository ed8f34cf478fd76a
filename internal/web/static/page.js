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
roving(days, (e, n) => {
  const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 7, ArrowUp: -7 }[e.key];
  if (by) return n + by;
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
