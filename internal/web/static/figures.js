// Draws the large chart with a cursor, out of the points that the server drew: without this file the chart is there too.
import uPlot from "./vendor/uplot.js";

const place = document.getElementById("large");
const points = [...place.querySelectorAll("a.point")];
const { kind, title, zone } = place.dataset;

// time writes seconds as the server does: "6.5 s" below a hundred of them, "7:34" from there.
const two = (n) => String(n).padStart(2, "0");
function time(n) {
  if (n < 100) return `${+n.toFixed(1)} s`;
  const s = Math.round(n), minutes = Math.floor(s / 60);
  return minutes < 60 ? `${minutes}:${two(s % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(s % 60)}`;
}

// lengths are the steps that an axis of times may have, in seconds.
const lengths = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 21600, 43200, 86400];

// unit writes a figure with its unit.
const unit = { count: (n) => n.toLocaleString("en"), share: (n) => `${+(n * 100).toFixed(1)} %`, seconds: time }[kind];

// paint is a colour of the page as a canvas knows it.
function paint(name) {
  const probe = document.createElement("i");
  probe.className = `paint-${name}`;
  place.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

const day = 86_400;

// shown are the points, with nothing where no point is for a stretch or more, so that no line is drawn there.
const at = (p) => Number(p.dataset.at);
const step = points.length > 1 ? Math.min(...points.slice(1).map((p, n) => at(p) - at(points[n]))) : day;
const shown = points.flatMap((p, n) => n && at(p) - at(points[n - 1]) > 1.5 * step ? [null, p] : [p]);
const times = shown.map((p, n) => p ? at(p) : at(shown[n - 1]) + step);
const data = [times, shown.map((p) => p && Number(p.dataset.number))];

// A point that is chosen opens what it stands for.
function opens(u) {
  u.over.addEventListener("click", () => {
    const p = shown[u.cursor.idx];
    if (p) location.assign(p.href.baseVal);
  });
}

// options leave half a stretch at both ends: bars stand around their instants.
function options() {
  const [ink, dim, line, bar] = ["ink", "dim", "line", "bar"].map(paint);
  const when = new Intl.DateTimeFormat("en-GB", { timeZone: zone, weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  const axis = { stroke: dim, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: `12px ${getComputedStyle(document.body).fontFamily}` };
  const short = new Intl.DateTimeFormat("en-GB", { timeZone: zone, day: "numeric", month: "short" });
  const clock = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" });
  const label = (s) => clock.format(s * 1000) === "00:00" ? short.format(s * 1000) : clock.format(s * 1000);
  return {
    width: place.clientWidth, height: 280, tzDate: (s) => uPlot.tzDate(new Date(s * 1000), zone),
    scales: { x: { range: (u, first, last) => [first - step / 2, last + step / 2] }, y: { range: (u, least, most) => [0, kind === "share" ? 1 : Math.max(1, most * 1.05)] } },
    axes: [{ ...axis, ...(step > day * 0.9 ? { incrs: [1, 2, 7, 14, 28, 91, 182, 364].map((n) => n * day) } : {}), values: (u, splits) => splits.map(label) }, { ...axis, size: 64, ...(kind === "seconds" ? { incrs: lengths } : {}), values: (u, splits) => splits.map(unit) }],
    series: [
      { label: "from", value: (u, s) => s === null ? "–" : when.format(s * 1000) },
      {
        label: title, stroke: ink, width: 1.5, value: (u, n) => n === null ? "–" : unit(n), points: { show: kind !== "count" && points.length < 100, size: 6, fill: ink },
        ...(kind === "count" ? { fill: bar, width: 0, paths: uPlot.paths.bars({ size: [0.8, 100] }) } : {}),
      },
    ],
    hooks: { ready: [opens] },
  };
}

// draw takes the place of what the server drew, and is drawn anew in other colours. The table says the same to who cannot see it.
let chart;
const canvas = document.createElement("div");
canvas.className = "canvas";
canvas.setAttribute("aria-hidden", "true");
function draw() {
  chart?.destroy();
  chart = new uPlot(options(), data, canvas);
}

place.replaceChildren(canvas);
draw();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
addEventListener("scheme", draw);
new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: 280 })).observe(place);
