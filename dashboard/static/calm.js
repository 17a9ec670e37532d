// When the order may change: at most every few seconds, and not under a pointer, a focus or a scroll that is in use.

const EVERY = 4000;
const POINTING = 8000;
const SCROLLING = 1500;

export class Calm {
  /** @param {HTMLElement} list the cards' list */
  constructor(list) {
    this.list = list;
    this.orderedAt = -Infinity;
    this.pointedAt = -Infinity;
    this.keyedAt = -Infinity;
    this.scrolledAt = -Infinity;
    const point = () => (this.pointedAt = performance.now());
    list.addEventListener('pointermove', point, { passive: true });
    list.addEventListener('pointerdown', point, { passive: true });
    list.addEventListener('pointerleave', () => (this.pointedAt = -Infinity));
    list.addEventListener('keydown', () => (this.keyedAt = performance.now()));
    list.addEventListener('focusin', () => (this.keyedAt = performance.now()));
    addEventListener('scroll', () => (this.scrolledAt = performance.now()), { passive: true });
  }

  /** Is somebody about to click, or reading where they are? */
  held(now = performance.now()) {
    // A pointer left lying on the page must not stop the order for ever, so it counts only while it was moved lately.
    if (now - this.pointedAt < POINTING) return true;
    if (now - this.scrolledAt < SCROLLING) return true;
    return now - this.keyedAt < POINTING * 2 && this.list.contains(document.activeElement);
  }

  due(now = performance.now()) {
    return now - this.orderedAt >= EVERY;
  }

  ordered(now = performance.now()) {
    this.orderedAt = now;
  }
}
