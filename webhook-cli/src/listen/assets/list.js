// The list: bounded however much arrives, and still while somebody reads further down.

import { deliveries } from "./server.js";
import { el, icon } from "./show.js";
import { t } from "./texts.js";

/** The rows in the page. The older ones are a button away. */
const MOST = 500;
const PAGE = 100;
/** Milliseconds between two renderings, and between two searches while deliveries arrive. */
const PAUSE = 200;
const SEARCH_PAUSE = 1000;

const byId = (id) => document.getElementById(id);

export class List {
  /** What the rows must fit. */
  filter = { sender: "", verdict: "", q: "" };
  /** The delivery that is selected. */
  active = null;

  #rows = [];
  #elements = new Map();
  /** What has arrived and is not in the list yet, and whether some of it is only in the program. */
  #waiting = [];
  #overflown = false;
  #stale = false;
  #more = false;
  /** Whether the rows are not the newest ones, since older ones took their place. */
  #detached = false;
  #timer = null;
  #rendered = 0;
  #request = null;
  #on;
  #list = byId("list");
  #scroll = byId("scroll");
  #newer = byId("newer");
  #older = byId("older");

  /**
   * `on` is told what is `chosen`, what is `opened`, that rows have `changed`, and what has `failed`; and says the `verdict`
   * to show.
   */
  constructor(on) {
    this.#on = on;
    this.#list.addEventListener("click", (event) => {
      const row = event.target.closest("[role=option]");
      if (row) this.#on.opened(Number(row.dataset.id));
    });
    this.#newer.addEventListener("click", () => this.newest());
    this.#older.addEventListener("click", () => this.#fetchOlder());
    this.#scroll.addEventListener("scroll", () => {
      if (this.#waiting.length && !this.#isHeld()) this.#schedule();
    }, { passive: true });
  }

  get count() {
    return this.#rows.length;
  }

  get isFiltered() {
    return Object.values(this.filter).some(Boolean);
  }

  /** A delivery that is in the list. */
  row(id) {
    return this.#rows.find((row) => row.id === id);
  }

  /** Fetches the newest rows. */
  async reload() {
    await this.#fetch({}, ({ deliveries: rows, more }) => {
      const newest = rows[0]?.id ?? 0;
      this.#waiting = this.#waiting.filter((row) => row.id > newest);
      this.#overflown = this.#stale = this.#detached = false;
      this.#rows = rows;
      this.#more = more;
    });
  }

  /** Takes a delivery that has just arrived. */
  arrived(row) {
    const { sender, verdict, q } = this.filter;
    if ((sender && row.sender !== sender) || (verdict && row.verdict !== verdict)) return;
    // Whether it has the text, the program knows: it has the body.
    if (q) this.#stale = true;
    else if (this.#waiting.push(row) > MOST) {
      this.#waiting.shift();
      this.#overflown = true;
    }
    this.#schedule();
  }

  /** Takes what came of a delivery that arrived before. */
  answered(row) {
    for (const rows of [this.#waiting, this.#rows]) {
      const at = rows.findIndex(({ id }) => id === row.id);
      if (at >= 0) rows[at] = row;
    }
    const old = this.#elements.get(row.id);
    if (!old) return;
    const element = drawn(row, this.#on.verdict(row));
    old.replaceWith(element);
    this.#elements.set(row.id, element);
    this.#mark(this.active, true);
  }

  /** Selects the row that is so many further down. */
  move(by) {
    if (!this.#rows.length) return;
    let at = this.#rows.findIndex((row) => row.id === this.active);
    if (at < 0) {
      // Others may have pushed it out of the list.
      at = this.active === null ? -1 : this.#rows.findIndex((row) => row.id < this.active) - 1;
      at = Math.max(at, -1);
    }
    const to = Math.min(Math.max(at + by, 0), this.#rows.length - 1);
    if (at + by >= this.#rows.length && this.#more) this.#fetchOlder();
    this.select(this.#rows[to].id);
    this.#elements.get(this.active)?.scrollIntoView({ block: "nearest" });
    this.#on.chosen(this.active);
  }

  /** Marks a row, or none. */
  select(id) {
    this.#mark(this.active, false);
    this.active = id;
    this.#mark(id, true);
  }

  /** Shows the newest rows. */
  async newest() {
    if (this.#detached || this.#stale) await this.reload();
    this.#scroll.scrollTop = 0;
    this.#schedule();
    this.#list.focus({ preventScroll: true });
  }

  /** Draws all rows again, in another language. */
  redraw() {
    for (const element of this.#elements.values()) element.remove();
    this.#elements.clear();
    this.#render();
  }

  #isHeld() {
    return this.#detached || this.#scroll.scrollTop > 8;
  }

  #schedule() {
    if (this.#timer) return;
    const pause = this.#stale ? SEARCH_PAUSE : PAUSE;
    const wait = Math.max(0, this.#rendered + pause - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#rendered = performance.now();
      // An answer that is on its way is older than what has arrived since it was asked for.
      if (this.#request) return;
      if (this.#isHeld()) this.#count();
      else if (this.#stale) this.reload();
      else this.#takeIn();
    }, wait);
  }

  #takeIn() {
    const fresh = this.#waiting.filter((row) => !this.#elements.has(row.id));
    this.#waiting = [];
    if (this.#overflown) {
      // Between these and the rows some are missing.
      this.#rows = [];
      this.#more = true;
      this.#overflown = false;
    }
    this.#rows = [...fresh, ...this.#rows].sort((one, other) => other.id - one.id);
    if (this.#rows.length > MOST) {
      this.#rows.length = MOST;
      this.#more = true;
    }
    this.#render();
  }

  async #fetchOlder() {
    const last = this.#rows.at(-1);
    if (!last || !this.#more) return;
    await this.#fetch({ before: last.id }, ({ deliveries: rows, more }) => {
      this.#rows = [...this.#rows, ...rows];
      this.#more = more;
      if (this.#rows.length > MOST) {
        this.#rows = this.#rows.slice(-MOST);
        this.#detached = true;
      }
    });
  }

  async #fetch(from, then) {
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    try {
      const page = await deliveries({ ...this.filter, ...from, limit: PAGE }, request.signal);
      if (request.signal.aborted) return;
      then(page);
      this.#render();
    } catch (error) {
      if (error.name !== "AbortError") this.#on.failed(error);
    } finally {
      if (this.#request === request) {
        this.#request = null;
        if (this.#waiting.length || this.#stale) this.#schedule();
      }
    }
  }

  /** Brings the page in line with the rows, and touches only what differs. */
  #render() {
    // A command that was started again with other files counts from 1 again.
    const wanted = new Map(this.#rows.map((row) => [row.id, row.at]));
    for (const [id, element] of this.#elements) {
      if (wanted.get(id) === element.dataset.at) continue;
      element.remove();
      this.#elements.delete(id);
    }
    let next = this.#list.firstChild;
    for (const row of this.#rows) {
      const known = this.#elements.get(row.id);
      if (known && known === next) {
        next = next.nextSibling;
        continue;
      }
      const element = known ?? drawn(row, this.#on.verdict(row));
      this.#elements.set(row.id, element);
      this.#list.insertBefore(element, next);
    }
    this.#mark(this.active, true);
    this.#older.hidden = !this.#more;
    this.#count();
    this.#on.changed();
  }

  #count() {
    const isBehind = this.#isHeld() && (this.#detached || this.#stale || this.#waiting.length > 0);
    this.#newer.hidden = !isBehind;
    const count = this.#detached || this.#stale ? 0 : this.#waiting.length;
    this.#newer.lastElementChild.textContent = t("newer", count && `${count}${this.#overflown ? "+" : ""}`);
  }

  #mark(id, isSelected) {
    const element = this.#elements.get(id);
    element?.setAttribute("aria-selected", String(isSelected));
    if (isSelected && element) this.#list.setAttribute("aria-activedescendant", element.id);
    else this.#list.removeAttribute("aria-activedescendant");
  }
}

function drawn(row, verdict) {
  const { id, at, sender, reason, kind, method, path, status, received } = row;
  return el(
    "div",
    { role: "option", id: `d${id}`, "data-id": id, "data-at": at, class: `row ${verdict}`, "aria-selected": "false" },
    icon(verdict),
    el("span", { class: "what" }, el("b", {}, sender), " ", el("bdi", {}, kind ?? `${method} ${path}`)),
    el("time", { datetime: at }, clock(at)),
    el("span", { class: "verdict" }, el("span", {}, t(verdict)), reason && el("small", {}, ` ${reason}`)),
    el("span", { class: "outcome" }, outcome(received), el("code", {}, status === null ? "…" : String(status || "–"))),
  );
}

/** Whether the sender counts it as received, in a word. */
export function outcome(received) {
  if (received === null) return null;
  return el("span", { class: received ? "got" : "lost" }, t(received ? "received" : "notReceived"));
}

/** The time of the day, with the date if that is not today. */
export function clock(at) {
  const time = new Date(at);
  const two = (value) => String(value).padStart(2, "0");
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const hour = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  if (time.toDateString() !== new Date().toDateString()) return `${date} ${hour}`;
  return `${hour}.${String(time.getMilliseconds()).padStart(3, "0")}`;
}
