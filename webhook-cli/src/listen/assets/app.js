// Puts the parts together: the filter, the list, one delivery, the keys, and what arrives.

import { details, sentAgain } from "./details.js";
import { bind } from "./keys.js";
import { List } from "./list.js";
import { News } from "./news.js";
import * as server from "./server.js";
import { copyButton, setup } from "./setup.js";
import { copy, el } from "./show.js";
import { current, number, say, size, t, use } from "./texts.js";

const byId = (id) => document.getElementById(id);
const pane = byId("details");
const search = byId("q");
const narrow = matchMedia("(max-width: 859px)");

let state = { receiving: "", forward: null, senders: [], kept: null };
let connection = "connecting";
/** What the pane shows: a delivery, or how to set things up. */
let delivery = null;
let request = null;
let typing = null;

const list = new List({
  chosen: (id) => open(id, { pause: 60 }),
  opened: (id) => open(id, { focus: narrow.matches }),
  changed: () => listChanged(),
  failed: (error) => tell(t("failed", say(error.message))),
  verdict,
});

const act = { back: close, copy: copied, sendAgain: again };

// The pane: one delivery, or the setup.

/** Shows a delivery. A pause keeps a held key from asking for each that it passes. */
async function open(id, { focus = false, pause = 0, keep = false } = {}) {
  request?.abort();
  const mine = new AbortController();
  request = mine;
  list.select(id);
  // On a narrow screen it is another page, from which one goes back.
  if (!keep && narrow.matches) history.pushState(null, "", `#${id}`);
  else if (!keep) history.replaceState(null, "", `#${id}`);
  if (!narrow.matches || focus || keep) read(true);
  try {
    if (pause) await new Promise((done) => setTimeout(done, pause));
    if (mine.signal.aborted) return;
    const found = await server.delivery(id, mine.signal);
    if (mine.signal.aborted) return;
    delivery = found;
    draw();
    pane.scrollTop = 0;
  } catch (error) {
    if (error.name === "AbortError") return;
    delivery = null;
    pane.replaceChildren(el("p", { class: "quiet" }, say(error.message)));
  }
  if (focus) (pane.querySelector("h2") ?? pane).focus();
}

function close() {
  request?.abort();
  delivery = null;
  list.select(null);
  history.replaceState(null, "", location.pathname);
  read(false);
  draw();
  byId("list").focus({ preventScroll: true });
}

/** On a narrow screen, whether the pane is there instead of the list. */
function read(isOpen) {
  document.body.classList.toggle("reading", isOpen);
  const isSetup = !delivery && list.active === null && (isOpen || !narrow.matches);
  byId("setup").setAttribute("aria-pressed", String(isSetup));
}

/** The verdict to show: what was accepted from a sender without any proof is not called authentic. */
function verdict({ sender: name, verdict }) {
  const sender = state.senders.find((sender) => sender.name === name);
  return verdict === "authentic" && sender?.proves === "nothing" ? "unsigned" : verdict;
}

function draw() {
  read(document.body.classList.contains("reading"));
  pane.dataset.id = delivery?.id ?? "";
  if (!delivery) {
    pane.replaceChildren(...setup(state, list.count, act));
    return;
  }
  const sender = state.senders.find(({ name }) => name === delivery.sender);
  pane.replaceChildren(...details(delivery, sender?.title ?? delivery.sender, verdict(delivery), act));
}

async function copied(text, button) {
  const done = await copy(text);
  const said = t(done ? "copied" : "notCopied");
  tell(said);
  const label = button.querySelector("span");
  button.classList.toggle("done", done);
  if (label) label.textContent = said;
  setTimeout(() => {
    button.classList.remove("done");
    if (label) label.textContent = t("copyCurl");
  }, 1500);
}

async function again(it, button) {
  const label = button.querySelector("span");
  button.disabled = true;
  label.textContent = t("sending");
  let outcome;
  try {
    outcome = sentAgain(await server.sendAgain(it.id));
  } catch (error) {
    outcome = el("div", { class: "again" }, el("p", { class: "warning" }, t("failed", say(error.message))));
  }
  button.disabled = false;
  label.textContent = t("again");
  // Another may be shown by now.
  if (delivery?.id === it.id) byId("outcome").replaceChildren(outcome);
  button.focus({ preventScroll: true });
}

// What surrounds them.

function listChanged() {
  const isEmpty = list.count === 0;
  byId("nothing").hidden = !isEmpty;
  document.body.classList.toggle("empty", isEmpty && !list.isFiltered);
  if (isEmpty) {
    const all = el("button", { type: "button" }, t("showAll"));
    all.addEventListener("click", () => {
      byId("filter").reset();
      filter();
    });
    byId("nothing").replaceChildren(el("p", {}, t(list.isFiltered ? "noMatch" : "empty")), list.isFiltered ? all : "");
  }
  kept();
}

function kept() {
  const { kept } = state;
  byId("kept").textContent = kept ? t("kept", number(kept.deliveries), size(kept.bytes), number(kept.most_deliveries)) : "";
}

function language() {
  document.documentElement.lang = current();
  byId("language").value = current();
  byId("language").setAttribute("aria-label", t("language"));
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", t(element.dataset.label));
  for (const element of document.querySelectorAll("[data-placeholder]")) element.placeholder = t(element.dataset.placeholder);
  byId("keys").setAttribute("aria-label", t("keys"));
  byId("help").querySelector("dl").replaceChildren(
    ...t("keyList").flatMap(([keys, what]) => [el("dt", {}, keys.split(" ").map((key) => el("kbd", {}, key))), el("dd", {}, what)]),
  );
  const sender = byId("sender");
  const chosen = sender.value;
  sender.replaceChildren(el("option", { value: "" }, t("everySender")), ...state.senders.map(({ name }) => el("option", { value: name }, name)));
  sender.value = chosen;
  const { receiving } = state;
  byId("url").replaceChildren(el("code", {}, receiving), copyButton(() => receiving, act, receiving));
  connected(connection);
  list.redraw();
  draw();
}

function connected(now) {
  connection = now;
  byId("live").dataset.state = now;
  byId("live").lastElementChild.textContent = t(now);
}

async function fetchState() {
  try {
    state = await server.state();
  } catch (error) {
    tell(t("failed", say(error.message)));
  }
}

function filter() {
  list.filter = {
    sender: byId("sender").value,
    verdict: byId("filter").elements.verdict.value,
    q: search.value.trim(),
  };
  byId("scroll").scrollTop = 0;
  list.reload();
}

/** Has a screen reader say it. */
function tell(text) {
  byId("said").textContent = text;
}

// What arrives.

const news = new News((count, last) => {
  tell(t("arrived", count, `${last.sender} ${last.kind ?? ""} ${t(verdict(last))}`));
  fetchState().then(kept);
});

function arrived(row) {
  list.arrived(row);
  news.add(row);
}

/** Takes the answer to a delivery that is in the list already. */
function answered(row) {
  list.answered(row);
  if (delivery?.id === row.id) open(row.id, { keep: true });
}

// Keys.

const keys = {
  j: () => list.move(1),
  ArrowDown: () => list.move(1),
  k: () => list.move(-1),
  ArrowUp: () => list.move(-1),
  PageDown: () => list.move(10),
  PageUp: () => list.move(-10),
  Home: first,
  g: first,
  Enter: () => list.active !== null && open(list.active, { focus: true }),
  Escape: close,
  "/": () => {
    read(false);
    search.focus();
    search.select();
  },
  c: () => byId("curl")?.click(),
  r: () => byId("again")?.click(),
  "?": () => byId("help").showModal(),
};

async function first() {
  await list.newest();
  list.select(null);
  list.move(1);
}

bind(keys, {
  clear() {
    search.value = "";
    filter();
  },
  leave: () => byId("list").focus(),
});

// Everything else that is pressed.

byId("filter").addEventListener("submit", (event) => event.preventDefault());
byId("filter").addEventListener("change", (event) => event.target !== search && filter());
search.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(filter, 150);
});
byId("setup").addEventListener("click", () => {
  close();
  read(true);
  pane.querySelector("h2").focus();
});
byId("keys").addEventListener("click", keys["?"]);
byId("language").addEventListener("change", (event) => {
  use(event.target.value);
  language();
});
byId("clear").addEventListener("click", async ({ currentTarget: button }) => {
  if (!button.classList.toggle("sure")) {
    button.textContent = t("clear");
    try {
      await server.clear();
    } catch (error) {
      tell(t("failed", say(error.message)));
    }
    close();
    await refresh();
    return;
  }
  button.textContent = t("clearSure");
  setTimeout(() => {
    button.classList.remove("sure");
    button.textContent = t("clear");
  }, 4000);
});
addEventListener("popstate", show);

/** Shows what the address names. */
function show() {
  const id = Number(location.hash.slice(1));
  if (Number.isSafeInteger(id) && id > 0) open(id, { keep: true });
  else if (list.active !== null) close();
}

async function refresh() {
  await Promise.all([list.reload(), fetchState()]);
  kept();
  if (!delivery) draw();
}

await fetchState();
language();
show();
list.reload();
server.follow(arrived, answered, refresh, connected);
