// Which keys are commands, and where they are not.

/** These are the browser's own where something else has the focus. */
const OF_THE_LIST = ["ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "Enter"];

/** A key that is held repeats only these. */
const REPEATED = ["j", "k", ...OF_THE_LIST];

/** Has keys do something. The search is a field to `clear` and to `leave`. */
export function bind(keys, search) {
  const [list, scroll, help, field] = ["list", "scroll", "help", "q"].map((id) => document.getElementById(id));
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (event.ctrlKey || event.altKey || event.metaKey || help.open) return;
    if (target === field) {
      if (key === "Escape" && field.value) search.clear();
      else if (key === "Escape" || key === "ArrowDown") search.leave();
      else return;
    } else {
      const isInList = [document.body, list, scroll].includes(target);
      const isTyped = target.closest("select, textarea");
      if (isTyped || !Object.hasOwn(keys, key) || (OF_THE_LIST.includes(key) && !isInList)) return;
      if (!event.repeat || REPEATED.includes(key)) keys[key]();
    }
    event.preventDefault();
  });
}
