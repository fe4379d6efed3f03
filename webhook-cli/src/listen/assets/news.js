// What has arrived, for those who do not look at the list: who listens to a screen reader, or looks at another tab.

/** Milliseconds between two announcements. */
const PAUSE = 3000;
const TITLE = document.title;

export class News {
  #count = 0;
  #unseen = 0;
  #last = null;
  #timer = null;
  #announce;

  /** `announce` is given how many have arrived, and the last of them. */
  constructor(announce) {
    this.#announce = announce;
    document.addEventListener("visibilitychange", () => this.#title());
  }

  /** Takes a delivery that has just arrived. */
  add(row) {
    this.#count += 1;
    if (document.hidden) this.#unseen += 1;
    this.#last = row;
    this.#timer ??= setTimeout(() => {
      this.#announce(this.#count, this.#last);
      this.#count = 0;
      this.#timer = null;
      this.#title();
    }, PAUSE);
  }

  #title() {
    if (!document.hidden) this.#unseen = 0;
    document.title = this.#unseen ? `(${this.#unseen}) ${TITLE}` : TITLE;
  }
}
