// The language of the page. What it says is in a table for each.

import { en } from "./en.js";
import { es } from "./es.js";

const KEY = "webhook-rs language";
const tables = { en, es };
let language = initial();

function initial() {
  let kept = null;
  try {
    kept = localStorage.getItem(KEY);
  } catch {
    // A browser that keeps nothing, too, has a language.
  }
  if (kept && Object.hasOwn(tables, kept)) return kept;
  const first = (navigator.languages?.[0] ?? navigator.language ?? "en").toLowerCase();
  return first.startsWith("es") ? "es" : "en";
}

/** The language that the page is in. */
export const current = () => language;

/** Changes the language, and keeps it for the next time. */
export function use(name) {
  language = name;
  try {
    localStorage.setItem(KEY, name);
  } catch {
    // Then it is for this time only.
  }
}

/** A text; those that depend on something are given it. */
export function t(name, ...values) {
  const text = tables[language][name];
  return typeof text === "function" ? text(...values) : text;
}

/** What refused a request, in a sentence. */
export const reason = (name) => (Object.hasOwn(t("reasons"), name) ? t("reasons")[name] : t("reason"));

/** A line of the program, in the language of the page where that is known. */
export function say(line) {
  const { said, patterns } = tables[language];
  if (Object.hasOwn(said, line)) return said[line];
  for (const [pattern, build] of patterns) {
    const found = pattern.exec(line);
    if (found) return build(say, ...found.slice(1));
  }
  return line;
}

/** A number as the language writes it. */
export const number = (value) => value.toLocaleString(language);

/** A size as people write it. */
export function size(bytes) {
  for (const [unit, of] of [["MiB", 1024 * 1024], ["KiB", 1024]]) {
    if (bytes >= of) return `${(bytes / of).toLocaleString(language, { maximumFractionDigits: 1 })} ${unit}`;
  }
  return `${number(bytes)} B`;
}
