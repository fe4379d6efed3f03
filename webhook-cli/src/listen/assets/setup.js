// How deliveries get here: what is shown until one has arrived.

import { el, icon } from "./show.js";
import { say, t } from "./texts.js";

/** The elements of it. `copy` puts a text into the clipboard. */
export function setup(state, count, act) {
  const { receiving, forward, senders } = state;
  const choice = el("select", { "aria-label": t("sender") }, senders.map(({ name }) => el("option", { value: name }, name)));
  const command = el("code", {});
  const write = () => {
    const sender = senders.find(({ name }) => name === choice.value);
    command.textContent = `webhook-rs send ${sender?.name} ${receiving}${sender?.path}`;
  };
  choice.addEventListener("change", write);
  write();
  const back = el("button", { type: "button", class: "back" }, icon("back"), el("span", {}, t("back")));
  back.addEventListener("click", act.back);
  return [
    el("div", { class: "head" }, back, el("div", { class: "title" }, el("h2", { tabindex: "-1" }, t(count ? "setup" : "waiting")))),
    el(
      "section",
      { class: "try" },
      el("h3", {}, t("tryIt")),
      el("div", { class: "command" }, choice, command, copyButton(() => command.textContent, act)),
    ),
    el(
      "section",
      {},
      el("h3", {}, t(forward ? "forwardsTo" : "receivingAt")),
      forward ? el("p", { class: "mono wrap" }, forward) : el("p", { class: "mono wrap" }, receiving),
      !forward && el("p", { class: "quiet" }, t("forwardsNowhere")),
    ),
    el("section", {}, el("h3", {}, t("paths")), el("p", { class: "quiet" }, t("public")), table(state, act)),
  ];
}

function table({ receiving, senders }, act) {
  const rows = senders.map(({ name, title, path, secret, variable, proves }) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, el("b", {}, name), el("small", {}, say(title))),
      el("td", { "data-name": t("path") }, el("code", {}, path), copyButton(() => receiving + path, act, path)),
      el("td", { "data-name": t("secret") }, secret === "variable" ? el("code", {}, variable) : t("secretFrom")[secret]),
      el("td", { "data-name": t("proofOf") }, say(proves.split("; ")[0])),
    ),
  );
  const heads = ["sender", "path", "secret", "proofOf"].map((name) => el("th", { scope: "col" }, t(name)));
  return el("table", { class: "senders" }, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, rows));
}

/** A button that copies what is beside it. */
export function copyButton(text, act, what = "") {
  const label = `${t("copy")} ${what}`.trim();
  const button = el("button", { type: "button", class: "copy", "aria-label": label, title: t("copy") }, icon("copy"));
  button.addEventListener("click", () => act.copy(text(), button));
  return button;
}
