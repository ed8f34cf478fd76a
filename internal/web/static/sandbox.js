// Shows of each control the request that it sends, has the clock go on between two looks at it, and fills in ready faults.

const asNumber = (input, text) => ("number" in input.dataset && text !== "" && !Number.isNaN(Number(text)) ? Number(text) : text);

function value(input) {
  const text = input.value.trim();
  if ("list" in input.dataset) return text.split(",").map((part) => part.trim());
  if ("json" in input.dataset) { try { return JSON.parse(text); } catch { return text; } }
  return asNumber(input, text);
}

function request(form) {
  const body = {};
  for (const input of form.querySelectorAll("input")) if (input.value.trim() !== "") body[input.name] = value(input);
  const text = Object.keys(body).length ? ` ${JSON.stringify(body)}` : "";
  form.querySelector("code").textContent = form.dataset.request + text;
}

const describe = () => document.querySelectorAll("form[data-request]").forEach(request);

let shown = { at: Date.now(), text: "" };
function tick() {
  const now = document.querySelector("#now");
  if (!now) return;
  if (now.dateTime !== shown.text) shown = { at: Date.now(), text: now.dateTime };
  const speed = Number(now.dataset.speed);
  if (!speed) return;
  const at = new Date(Date.parse(now.dateTime) + (Date.now() - shown.at) * speed);
  now.textContent = `${at.getUTCDate()} ${at.toLocaleString("en", { month: "long", timeZone: "UTC" })} ${at.getUTCFullYear()}, ${at.toISOString().slice(11, 19)}`;
}

document.addEventListener("input", (e) => { const form = e.target.closest("form[data-request]"); if (form) request(form); });
document.addEventListener("change", (e) => { if (e.target.id === "ready") document.querySelector("[name=rule]").value = e.target.value; });
document.addEventListener("shown", () => { shown = { at: Date.now(), text: document.querySelector("#now")?.dateTime }; describe(); });
describe();
setInterval(tick, 250);
