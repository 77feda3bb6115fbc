// Source buffers, and what it takes to use them.

// Why a buffer refused bytes.
const QUOTA = 0, DECODE = 1, CLOSED = 2;

// Carries out what may be refused, where a refusal is of no account.
function attempt(act) {
  try {
    return act();
  } catch {
    return undefined;
  }
}

// One source buffer, and the queue of what it is to do: it does one thing at a time and says "updateend" after each.
class Buffer {
  constructor(kind, target) {
    Object.assign(this, { kind, target, tasks: [], evicting: false });
  }

  // Drops what is left of a body.
  forget(id) { this.tasks = this.tasks.filter(({ request }) => request !== id); }

  // Drops everything queued but removals, whose end is always told.
  clear() { this.tasks = this.tasks.filter((task) => task.remove); }

  idle() { return !this.tasks.length && !this.target.updating; }

  // Does what it can. Gives what came of it, for the engine; undefined once it is at work or has nothing to do.
  work() {
    const { target } = this;
    try {
      for (;;) {
        const [task] = this.tasks;
        // Only a reset cuts in, and only on an append: abort() during remove() throws.
        if (!task || (target.updating && (this.evicting || !task.reset))) return undefined;
        if (task.pieces && !task.pieces.length) {
          if (!task.whole) return undefined;
          this.tasks.shift();
          return [APPENDED, task.request, this.kind];
        }
        if (task.pieces) {
          target.appendBuffer(task.pieces.shift());
          continue;
        }
        this.tasks.shift();
        if (task.reset) attempt(() => target.abort());
        else if (task.bytes) target.appendBuffer(task.bytes);
        else if (task.mime) target.changeType(task.mime);
        else {
          const [start, end] = task.remove;
          this.evicting = start < end && attempt(() => !target.remove(Math.max(start, 0), end));
          if (!this.evicting) return [EVICTED, this.kind];
        }
      }
    } catch (error) {
      this.clear();
      return [APPEND_FAILED, this.kind, { QuotaExceededError: QUOTA, NotSupportedError: DECODE }[error.name] ?? CLOSED];
    }
  }
}
