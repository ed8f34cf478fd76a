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
  for (const input of form.querySelectorAll("input:not([type=file])")) if (input.value.trim() !== "") body[input.name] = value(input);
  const file = form.querySelector("[type=file]")?.files[0];
  const text = Object.keys(body).length ? ` ${JSON.stringify(body)}` : file ? ` @${file.name}` : "";
  form.querySelector("code").textContent = form.dataset.request + text;
}

const describe = () => document.querySelectorAll("form[data-request]").forEach(request);

// write writes a fault as somebody would who types it.
function write(text) {
  const rule = document.querySelector("[name=rule]");
  rule.value = text;
  rule.dispatchEvent(new Event("input", { bubbles: true }));
}

// What was refused is shown at the address of its form, from which nothing can be asked for again.
if (location.pathname !== "/ui/sandbox") {
  history.replaceState(null, "", "/ui/sandbox");
  if (document.querySelector("[name=rule]")) write(document.querySelector("[name=rule]").value);
}

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
document.addEventListener("change", (e) => {
  if (e.target.id === "ready") write(e.target.value);
  else if (e.target.type === "file") request(e.target.form);
});
document.addEventListener("shown", () => { shown = { at: Date.now(), text: document.querySelector("#now")?.dateTime }; describe(); });
describe();
setInterval(tick, 250);
