// What the page asks of the program.

import { t } from "./texts.js";

const token = document.querySelector("meta[name=webhook-rs-token]").content;

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error(t("unreachable"));
  }
  const text = await answer.text();
  let value = null;
  try {
    value = exact(text);
  } catch {
    // What is not JSON is an error of which only the status is known.
  }
  if (answer.ok) return value;
  throw new Error(answer.status === 404 ? t("gone") : (value?.error ?? `HTTP ${answer.status}`));
}

/** JSON whose numbers keep all their digits when they are written again. */
function exact(text) {
  return JSON.parse(text, (_, value, context) => {
    const source = context?.source;
    const isInexact = typeof value === "number" && source !== undefined && String(value) !== source;
    return isInexact && JSON.rawJSON ? JSON.rawJSON(source) : value;
  });
}

const post = (path) => ask(path, { method: "POST", headers: { "x-webhook-rs-token": token } });

export const state = () => ask("api/state");
export const delivery = (id, signal) => ask(`api/deliveries/${id}`, { signal });
export const sendAgain = (id) => post(`api/deliveries/${id}/send-again`);
export const clear = () => post("api/clear");

/** Deliveries, the newest first, that fit the filter. */
export function deliveries(filter, signal) {
  const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value));
  return ask(`api/deliveries?${query}`, { signal });
}

/**
 * Calls back for each delivery that arrives, for each that the app answers later, when the list must be fetched again, and
 * with how the connection is. Only while somebody can see the page: a browser opens six connections to a server, and each page
 * that follows takes one.
 */
export function follow(arrived, answered, reload, connection) {
  let events = null;
  const look = () => {
    if (document.hidden) {
      events?.close();
      events = null;
    } else {
      events ??= opened(arrived, answered, reload, connection, () => {
        events = null;
        look();
      });
    }
  };
  document.addEventListener("visibilitychange", look);
  look();
}

function opened(arrived, answered, reload, connection, closed) {
  const events = new EventSource("api/events");
  events.addEventListener("delivery", (event) => arrived(JSON.parse(event.data)));
  events.addEventListener("answered", (event) => answered(JSON.parse(event.data)));
  events.addEventListener("reload", reload);
  events.addEventListener("open", () => {
    connection("live");
    // What arrived while there was no connection was not told.
    reload();
  });
  events.addEventListener("error", () => {
    connection("offline");
    if (events.readyState !== EventSource.CLOSED) return;
    // The browser tries again by itself, except after an answer that is no stream.
    setTimeout(closed, 2000);
  });
  return events;
}
