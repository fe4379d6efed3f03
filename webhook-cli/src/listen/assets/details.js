// One delivery: who sent it, what that proves, what came of it.

import { clock, outcome } from "./list.js";
import { code, dump, el, formatted, icon, shown } from "./show.js";
import { reason, say, size, t } from "./texts.js";

/** The elements of a delivery. `act` has what its buttons do. */
export function details(it, title, shownVerdict, act) {
  return [
    head(it, title, act),
    el("div", { id: "outcome", role: "status" }),
    banner(it, shownVerdict),
    facts(it),
    section("proof", proof(it)),
    section("answer", answer(it)),
    section("request", request(it)),
  ];
}

function head(it, title, act) {
  const back = el("button", { type: "button", class: "back" }, icon("back"), el("span", {}, t("back")));
  const button = (id, key, drawing, text) =>
    el("button", { type: "button", id, "aria-keyshortcuts": key }, icon(drawing), el("span", {}, text));
  const curl = button("curl", "c", "copy", t("copyCurl"));
  const again = button("again", "r", "again", t("again"));
  back.addEventListener("click", act.back);
  curl.addEventListener("click", () => act.copy(it.curl, curl));
  again.addEventListener("click", () => act.sendAgain(it, again));
  const heading = el("h2", { tabindex: "-1" }, el("bdi", {}, it.kind ?? `${it.method} ${it.path}`));
  return el(
    "div",
    { class: "head" },
    back,
    el("div", { class: "title" }, heading, el("p", {}, say(title))),
    el("div", { class: "actions" }, curl, again),
  );
}

function banner(it, verdict) {
  return el(
    "div",
    { class: `banner ${verdict}` },
    icon(verdict),
    el("div", {}, el("strong", {}, t(verdict)), it.reason && el("code", {}, it.reason), it.reason && el("p", {}, reason(it.reason))),
    outcome(it.received),
  );
}

function facts(it) {
  const all = [
    ["at", el("time", { datetime: it.at, title: it.at }, clock(it.at))],
    ["id", it.delivery_id && el("bdi", { class: "mono" }, it.delivery_id)],
    ["label", it.label && el("bdi", { class: "mono" }, it.label)],
    ["took", it.took_ms !== null && `${it.took_ms || "< 1"} ms`],
    ["size", size(it.bytes)],
  ];
  const present = all.filter(([, value]) => value);
  return el("dl", { class: "facts" }, present.map(([name, value]) => el("div", {}, el("dt", {}, t(name)), el("dd", {}, value))));
}

function section(name, ...children) {
  const id = `${name}-title`;
  return el("section", { class: name, "aria-labelledby": id }, el("h3", { id }, t(name)), ...children);
}

/** What is proven and what is not, apart. */
function proof(it) {
  const [yes, ...no] = it.proves.split("; ");
  const isNothing = yes === "nothing";
  if (it.verdict !== "authentic") {
    const why = t(it.verdict === "refused" ? "refusedAll" : "handshakeAll");
    return el("div", { class: "cards" }, card("notProven", null, why, null));
  }
  const { proven, unproven } = parted(it.event, isNothing || no.includes("nothing is signed"));
  const rest = no.map(say).join("; ");
  let why = t("unprovenPart");
  if (isNothing) why = t("unsignedAll");
  else if (proven === null) why = t("unprovenAll");
  else if (unproven === null) why = no.length ? null : t("allProven");
  return el(
    "div",
    { class: "cards" },
    card("proven", isNothing ? t("provenNothing") : say(yes), null, proven),
    card("notProven", isNothing ? null : rest, why, unproven),
  );
}

/** Splits an event as the core does: what no proof covers is in its `unauthenticated`. */
function parted(event, isUnproven) {
  if (!isObject(event) || isUnproven) return { proven: null, unproven: event };
  const has = (value) => isObject(value) && Object.hasOwn(value, "unauthenticated");
  let inner = event;
  let around = {};
  if (!has(event)) {
    const key = Object.keys(event).find((key) => has(event[key]));
    if (key === undefined) return { proven: event, unproven: null };
    // What is around an event of one of several kinds says which kind it is, and is not proven.
    ({ [key]: inner, ...around } = event);
  }
  const { unauthenticated, ...proven } = inner;
  if (proven.proof !== "token" && proven.proof !== "not_body") {
    return { proven: present(proven), unproven: present({ ...around, ...unauthenticated }) };
  }
  const { payload, ...head } = proven;
  return { proven: present(head), unproven: present({ ...around, payload, ...unauthenticated }) };
}

/** The fields that there are, or `null` if there is none. */
function present(fields) {
  const all = Object.entries(fields).filter(([, value]) => value !== null);
  return all.length ? Object.fromEntries(all) : null;
}

const isObject = (value) => typeof value === "object" && value !== null;

function card(name, covers, why, event) {
  const isEmpty = !isObject(event) || !Object.keys(event).length;
  return el(
    "div",
    { class: `card ${name}` },
    el("h4", {}, icon(name === "proven" ? "authentic" : "unsigned"), t(name)),
    covers && el("p", { class: "covers" }, covers),
    why && el("p", {}, why),
    !isEmpty && code(JSON.stringify(event), t(name)),
  );
}

function answer(it) {
  const parts = [conclusion(it.conclusion, it.received)];
  if (it.status === null) {
    parts.push(el("p", { class: "line" }, el("code", { class: "status" }, "…"), t("notYet")));
  } else if (it.answer) {
    const by = t(it.answer.by === "app" ? "appAnswered" : "weAnswered");
    parts.push(el("p", { class: "line" }, el("code", { class: "status" }, String(it.answer.status)), by));
    parts.push(headers(it.answer.headers, []), body(it.answer.body, t("answer")));
  } else {
    const why = it.failure && `: ${say(it.failure)}`;
    parts.push(el("p", { class: "line" }, el("code", { class: "status" }, "–"), t("noAnswer"), why));
  }
  return parts;
}

/** What a sender makes of an answer. */
export function conclusion(lines, received) {
  if (!lines?.length) return null;
  const state = received === null ? "" : received ? "yes" : "no";
  const items = lines.map((line) => el("li", {}, said(line)));
  return el("div", { class: `conclusion ${state}` }, el("h4", {}, t("conclusion")), el("ul", {}, items));
}

/** What was sent again, and what came of it. */
export function sentAgain(result) {
  const { masked, target, answer, failure, received } = result;
  return el(
    "div",
    { class: "again" },
    el("h3", {}, t("sentAgain", target)),
    el("p", {}, t(result.signed_anew ? "signedAnew" : "notSigned")),
    masked?.length > 0 && el("p", { class: "warning" }, icon("unsigned"), el("span", {}, t("sentMasked", masked.join(", ")))),
    el("p", { class: "line" }, el("code", { class: "status" }, answer ? String(answer.status) : "–"), answer ? null : `${t("noAnswer")}: ${say(failure ?? "")}`),
    conclusion(result.conclusion, received),
    answer && body(answer.body, t("answer")),
  );
}

function said(line) {
  const text = say(line);
  return el("span", { lang: text === line ? "en" : false }, text);
}

function request(it) {
  const line = el("p", { class: "line" }, el("code", { class: "status" }, it.method), el("bdi", { class: "mono" }, it.path));
  const masked = it.masked.length > 0 && el("p", { class: "warning" }, icon("unsigned"), el("span", {}, t("masked", it.masked.join(", "))));
  return [line, headers(it.headers, it.hidden_headers), masked, requestBody(it)];
}

function headers(all, hidden) {
  const row = (name, content) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, content));
  const rows = [
    ...all.map(([name, value]) => row(name, el("bdi", {}, value))),
    ...hidden.map((name) => row(name, el("span", { class: "hidden" }, t("hidden")))),
  ];
  if (!rows.length) return null;
  return el("table", { class: "headers", "aria-label": t("headers") }, el("tbody", {}, rows));
}

function requestBody(it) {
  if (it.body_is === "not kept") return el("p", { class: "quiet" }, t("notKept"));
  if (it.body_is === "base64") return code(dump(it.body ?? ""), t("bytes"), null, (left) => t("more", size(left)));
  return body(it.body, t("request"));
}

/** A body, formatted if it is JSON, and otherwise only as it arrived. */
function body(text, label) {
  if (!text) return el("p", { class: "quiet" }, t("noBody"));
  const more = (left) => t("more", size(left));
  const json = formatted(text);
  if (!json) return code(text, label, null, more);
  const forms = { pretty: json, raw: null };
  const place = el("div", { class: "body" });
  const buttons = Object.keys(forms).map((form) => {
    const button = el("button", { type: "button" });
    button.append(shown(t(form)));
    button.addEventListener("click", () => show(form));
    return [form, button];
  });
  const show = (form) => {
    for (const [name, button] of buttons) button.setAttribute("aria-pressed", String(name === form));
    place.lastElementChild.replaceWith(code(text, label, forms[form], more));
  };
  place.append(el("div", { class: "forms", role: "group", "aria-label": label }, buttons.map(([, button]) => button)), el("div", {}));
  show("pretty");
  return place;
}
