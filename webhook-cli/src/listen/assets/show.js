// What strangers wrote becomes text, never markup: every string passes through `shown`.

// Characters that a reader would not see, or that turn around what is beside them.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
// More than this is a wait for the browser.
const COLORED = 64 * 1024;
const AT_ONCE = 256 * 1024;
const DEEPEST = 40;

/** Text as it is, with what cannot be seen named. `lines` keeps line breaks and tabs. */
export function shown(text, lines = false) {
  const parts = document.createDocumentFragment();
  let from = 0;
  for (const found of text.matchAll(INVISIBLE)) {
    if (lines && (found[0] === "\n" || found[0] === "\t")) continue;
    const code = found[0].codePointAt(0);
    const name = document.createElement("span");
    name.className = "invisible";
    name.textContent = code < 0x20 ? String.fromCodePoint(0x2400 + code) : `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
    parts.append(text.slice(from, found.index), name);
    from = found.index + found[0].length;
  }
  parts.append(text.slice(from));
  return parts;
}

/** An element; `class` and other attributes, then children. Strings are text. */
export function el(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  for (const child of children.flat()) {
    if (child == null || child === false) continue;
    element.append(typeof child === "string" ? shown(child) : child);
  }
  return element;
}

/** One of the drawings in the page. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** The same JSON with line breaks, its numbers and escapes as they were written; `null` if it is none. */
export function formatted(json) {
  try {
    JSON.parse(json);
  } catch {
    return null;
  }
  const tokens = json.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  const lines = [];
  const indent = (depth) => `\n${"  ".repeat(Math.min(depth, DEEPEST))}`;
  let depth = 0;
  tokens.forEach((token, at) => {
    const opens = token === "{" || token === "[";
    const closes = token === "}" || token === "]";
    const before = tokens[at - 1];
    const isEmpty = closes && (before === "{" || before === "[");
    if (closes) depth -= 1;
    if ((closes && !isEmpty) || (!closes && (before === "{" || before === "[" || before === ","))) {
      lines.push(["", indent(depth)]);
    }
    if (opens) depth += 1;
    lines.push([kind(token, tokens[at + 1]), token === ":" ? ": " : token]);
  });
  return lines;
}

function kind(token, next) {
  if (token[0] === '"') return next === ":" ? "key" : "string";
  if (/^[-0-9]/.test(token)) return "number";
  return /^[a-z]/.test(token) ? "word" : "";
}

/** A block of code: JSON in colors, or text as it is. What is too long is shown on demand. */
export function code(text, label, json = formatted(text), more = null) {
  const pre = el("pre", { tabindex: "0", role: "region", "aria-label": label });
  const content = json ? json.map(([, part]) => part).join("") : text;
  if (content.length > AT_ONCE && more) {
    pre.append(shown(content.slice(0, AT_ONCE), true));
    const rest = el("button", { type: "button" }, more(content.length - AT_ONCE));
    rest.addEventListener("click", () => {
      rest.remove();
      pre.append(shown(content.slice(AT_ONCE), true));
    });
    return el("div", { class: "code" }, pre, rest);
  }
  if (!json || content.length > COLORED) pre.append(shown(content, true));
  else {
    for (const [name, part] of json) {
      if (!name) pre.append(part);
      else {
        const span = el("span", { class: name });
        span.append(shown(part, true));
        pre.append(span);
      }
    }
  }
  return el("div", { class: "code" }, pre);
}

/** Bytes as an editor of bytes shows them. */
export function dump(base64) {
  const bytes = atob(base64);
  const lines = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.slice(at, at + 16)];
    const hex = row.map((byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join(" ");
    const plain = row.map((byte) => (/[ -~]/.test(byte) ? byte : "·")).join("");
    lines.push(`${at.toString(16).padStart(6, "0")}  ${hex.padEnd(47)}  ${plain}`);
  }
  return lines.join("\n");
}

/** Puts text into the clipboard, also where the page has no right to: over plain HTTP from another machine. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = el("textarea", { class: "unseen", readonly: true });
    const focused = document.activeElement;
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    focused?.focus();
    return done;
  }
}
