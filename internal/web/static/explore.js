// What Explore does with script: the form and the body redraw each other while somebody writes. Without it every button does the same
// by loading the page.

const place = () => document.getElementById("question");
let running = null;

// ask has the server draw a question anew. Whoever asks again takes the place of who asked before; then nothing comes of it.
async function ask(fields) {
  running?.abort();
  const mine = (running = new AbortController());
  fields.set("part", "question");
  try {
    const answer = await fetch("/ui/explore", { method: "POST", body: new URLSearchParams(fields), signal: mine.signal });
    const drawn = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (running !== mine) return null;
    const question = drawn.getElementById("question");
    if (question) return question;
    if (answer.redirected) refuse("You are not signed in any more. Sign in beside this page, and go on here.");
    else refuse(drawn.querySelector(".warn")?.textContent ?? `The server answers with ${answer.status}.`);
  } catch (e) {
    if (e.name !== "AbortError") refuse("The server cannot be reached; the buttons still work when it is back.");
  }
  return null;
}

function refuse(why) {
  const remark = document.createElement("p");
  remark.className = "remark";
  remark.textContent = why;
  document.getElementById("found").replaceChildren(remark);
}

const answered = document.getElementById("body").value; // the question that the page came with

// put puts what was drawn in the place of some parts. What is open stays open, and who writes goes on where they were.
function put(drawn, sent, parts) {
  const open = new Set([...document.querySelectorAll("#question details[open]")].map((d) => d.dataset.key));
  const at = document.activeElement;
  const was = at?.closest("#question") && { name: at.name, form: at.form?.id, value: at.value, start: at.selectionStart, end: at.selectionEnd };
  for (const part of parts) document.querySelector(part).replaceWith(document.adoptNode(drawn.querySelector(part)));
  for (const d of document.querySelectorAll("#question details")) if (open.has(d.dataset.key)) d.open = true;
  ready();
  const before = document.getElementById("before");
  if (before) before.hidden = document.getElementById("body").value === answered;
  if (!was?.name || document.activeElement === at) return;
  const now = document.forms[was.form]?.elements.namedItem(was.name);
  if (!now?.focus) return;
  now.closest("details")?.setAttribute("open", "");
  now.focus();
  if (sent.get(was.name) !== was.value && now.tagName === "INPUT") now.value = was.value; // written since
  if (now.setSelectionRange && typeof was.start === "number") now.setSelectionRange(was.start, was.end);
}

// What is not drawn yet: of the form, and of the body, which waits for a pause in writing.
const undrawn = { form: null, text: null };
let typed = 0;

function fromForm(button) {
  const sent = new FormData(document.getElementById("form"), button);
  undrawn.form = ask(sent).then((drawn) => {
    if (!drawn) return;
    put(drawn, sent, ["#form", "#text"]);
    if (button) document.querySelector("#form .main")?.focus();
  }).finally(() => { undrawn.form = null; });
  return undrawn.form;
}

function fromText() {
  clearTimeout(typed);
  const sent = new FormData(document.getElementById("text"));
  return ask(sent).then((drawn) => {
    if (drawn) put(drawn, sent, ["#form", "#found", ".gutter", ".copies"]);
  }).finally(() => { undrawn.text = null; });
}

document.addEventListener("change", (e) => { if (e.target.form?.id === "form") fromForm(); });
document.addEventListener("input", (e) => {
  if (e.target.id !== "body") return;
  number(e.target);
  clearTimeout(typed);
  undrawn.text = fromText;
  typed = setTimeout(fromText, 250);
});
document.addEventListener("submit", async (e) => {
  const { target: { id }, submitter } = e;
  const other = { form: undrawn.text, text: undrawn.form }[id];
  if (other) { // what was written on the other side comes first
    e.preventDefault();
    await (typeof other === "function" ? other() : other);
    const button = submitter?.name ? [...document.querySelectorAll(`#${id} [name=${submitter.name}]`)].find((b) => b.value === submitter.value) : undefined;
    document.getElementById(id).requestSubmit(button);
  } else if (id === "form" && submitter?.name === "do") {
    e.preventDefault();
    fromForm(submitter);
  } else {
    running?.abort(); // a form that is swapped while it is sent goes nowhere
    running = null;
  }
});
document.addEventListener("keydown", (e) => {
  if (e.target.id === "body" && e.key === "Enter" && (e.ctrlKey || e.metaKey)) e.target.form.requestSubmit();
});

// number gives as many lines numbers as there are.
function number(body) {
  const lines = body.value.replace(/\n$/, "").split("\n").length;
  const gutter = document.querySelector(".gutter");
  body.rows = lines;
  while (gutter.children.length > lines) gutter.lastChild.remove();
  for (let n = gutter.children.length + 1; n <= lines; n++) gutter.append(Object.assign(document.createElement("span"), { textContent: n }));
}

document.addEventListener("click", (e) => {
  const remark = e.target.closest(".found a");
  if (!remark) return;
  e.preventDefault();
  const body = document.getElementById("body");
  const lines = body.value.split("\n");
  const before = lines.slice(0, remark.dataset.line - 1).reduce((n, line) => n + line.length + 1, 0);
  const from = before + [...(lines[remark.dataset.line - 1] ?? "")].slice(0, remark.dataset.column - 1).join("").length; // columns are characters
  body.focus();
  body.setSelectionRange(from, from + 1);
});

// Values come with how often they occur, when somebody is about to write one.
const asked = new Set();
document.addEventListener("focusin", async (e) => {
  const row = e.target.closest?.(".predicate");
  if (!row || !e.target.name?.endsWith(".value")) return;
  const field = row.querySelector("[name$='.name']");
  const known = [...(field.list?.options ?? [])].find((o) => o.value === field.value);
  if (!known || known.dataset.metric !== undefined) return;
  const days = ["from", "to"].map((end) => [end, document.querySelector(`[name='interval.${end}']`)?.value.slice(0, 10)]);
  const query = new URLSearchParams(days.filter(([, day]) => /^\d{4}-\d\d-\d\d$/.test(day)));
  const id = `values-${field.value}`;
  e.target.setAttribute("list", id);
  if (asked.has(id + query)) return;
  asked.add(id + query);
  const answer = await fetch(`/parley/v1/dimensions/${encodeURIComponent(field.value)}/values?${query}`).catch(() => null);
  if (!answer?.ok) return;
  const list = document.getElementById(id) ?? document.body.appendChild(Object.assign(document.createElement("datalist"), { id }));
  list.replaceChildren(...(await answer.json()).values.map((v) => new Option(`${v.name ? `${v.name} · ` : ""}${v.count} counted`, v.value)));
});

// ready gives what was just drawn its buttons.
function ready() {
  for (const copy of document.querySelectorAll(".copy")) {
    if (copy.querySelector("button")) continue;
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: `Copy ${copy.querySelector("summary").textContent}` });
    button.addEventListener("click", async () => {
      const text = copy.querySelector("pre");
      try {
        await navigator.clipboard.writeText(text.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(text); // a browser that does not let pages copy leaves it to the keyboard
      }
    });
    copy.querySelector("summary").after(button);
  }
}
if (place()) ready();
