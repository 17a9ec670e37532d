// Undoing what a test set up, the last first: the page closes before the server it is from, and folders go last.

const undone = new WeakMap();

/** Runs `undo` after the test, before all that was handed in earlier. */
export function afterwards(t, undo) {
  if (!undone.has(t)) {
    const stack = [];
    undone.set(t, stack);
    t.after(async () => {
      const faults = [];
      while (stack.length > 0) {
        try {
          await stack.pop()();
        } catch (fault) {
          faults.push(fault);
        }
      }
      if (faults.length > 0) throw faults[0];
    });
  }
  undone.get(t).push(undo);
}
