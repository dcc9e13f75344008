// Keys, copying, and "12 newer". Everything on the page works without this.
const posts = () => [...document.querySelectorAll(".post[tabindex]")];
const link = (rel) => document.querySelector(`.paging a[rel="${rel}"]`);
const go = (anchor) => anchor && anchor.click();
let waiting = "";

function current() {
  return document.activeElement?.closest?.(".post") ?? document.querySelector('.post[aria-current="true"], .post:target');
}

function move(step, same) {
  const all = posts();
  if (!all.length) return step > 0 ? go(link("next")) : go(link("prev"));
  const here = current();
  let at = all.indexOf(here);
  const channel = (one) => one?.querySelector(".where")?.getAttribute("href")?.replace(/\/\d+$/, "");
  do at = at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step;
  while (same && all[at] && channel(all[at]) !== channel(here));
  const next = all[at];
  if (!next) return;
  document.querySelectorAll('.post[aria-current="true"]').forEach((one) => one.removeAttribute("aria-current"));
  next.setAttribute("aria-current", "true");
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

const permalink = () => {
  const href = current()?.querySelector(".when, .where")?.href;
  return href ?? document.querySelector("link[rel=canonical]")?.href ?? location.href;
};

// Browsers give the clipboard to pages over TLS and of this machine only; elsewhere a selection is copied.
function copySelected(text) {
  const field = document.createElement("textarea");
  const had = document.activeElement;
  field.value = text;
  field.className = "hidden";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  had?.focus?.({ preventScroll: true });
  return done;
}

async function copy(text) {
  if (!text) return;
  let done;
  try { await navigator.clipboard.writeText(text); done = true; } catch { done = copySelected(text); }
  say(done ? "copied" : "failed");
}

let saying;
function say(what) {
  const said = document.getElementById("said");
  clearTimeout(saying);
  said.textContent = said.dataset[what];
  saying = setTimeout(() => { said.textContent = ""; }, 4000);
}

const load = async (href) => new DOMParser().parseFromString(await (await fetch(href)).text(), "text/html");

async function cite() {
  const href = current()?.querySelector(".when, .where")?.href;
  const page = document.querySelector("[data-cite]") || !href ? document : await load(href).catch(() => document);
  await copy(page.querySelector("[data-cite]")?.textContent);
}

const keys = {
  "/": () => document.getElementById("q")?.select(),
  j: () => move(1), k: () => move(-1), n: () => move(1, true), p: () => move(-1, true),
  o: () => go(current()?.querySelector(".when, .where")), Enter: () => go(current()?.querySelector(".when, .where")),
  u: () => document.body.dataset.up ? location.assign(document.body.dataset.up) : history.back(),
  h: () => go(link("prev")), l: () => go(link("next")),
  gd: () => document.getElementById("on")?.focus(),
  r: () => document.getElementById("versions") ? location.assign("#versions") : go(current()?.querySelector(".edited")),
  c: () => copy(permalink()), y: cite,
  "?": () => location.assign("/help/query#keys"),
};

// The letter of a key in Latin, also where the keyboard is Russian or Arabic.
function letter({ key, code, shiftKey }) {
  if (key.length > 1 || key <= "~") return key;
  if (code === "Slash") return shiftKey ? "?" : "/";
  return code?.startsWith("Key") ? code[3].toLowerCase() : key;
}

// An address typed with ?around= has no fragment.
if (!location.hash) document.querySelector('.post[aria-current="true"]')?.scrollIntoView({ block: "center" });

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const field = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "Escape" && field) return field.blur();
  if (field || (event.key === "Enter" && event.target.closest("a, button, summary, video, audio"))) return;
  const key = letter(event);
  const act = keys[waiting + key] ?? keys[key];
  waiting = key === "g" ? "g" : "";
  if (!act) return;
  event.preventDefault();
  act();
});

for (const one of document.querySelectorAll(".copy")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = document.getElementById("said").dataset.copy;
  button.addEventListener("click", () => copy(one.textContent));
  one.after(" ", button);
}

// Newer messages: asked for every 15 s while the page is looked at.
const newer = document.querySelector("[data-newer]");
async function look() {
  if (document.hidden) return;
  try {
    const answer = await fetch(newer.dataset.newer, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const { count, text } = await answer.json();
    if (!count) return;
    newer.querySelector("a").textContent = text;
    newer.hidden = false;
  } catch { /* the server is away; the next look may find it */ }
}
if (newer) setInterval(look, 15000);

// "Later" in place: the next page is put after this one; without it, the link is followed.
document.addEventListener("click", async (event) => {
  const more = event.target.closest("a[data-more]");
  if (!more || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  try {
    const page = await load(more.href);
    const list = document.querySelector(more.dataset.more);
    const first = page.querySelector(`${more.dataset.more} > *`);
    list.append(...page.querySelectorAll(`${more.dataset.more} > *`));
    const paging = more.closest("nav");
    const next = [...page.querySelectorAll("nav.paging")].pop();
    next?.querySelector("a[data-more]") ? paging.replaceWith(next) : paging.remove();
    first?.focus?.({ preventScroll: true });
  } catch { location.assign(more.href); }
});
