/** Timers whose time passes when the test says so. */
export function timers() {
  let now = 0;
  const waiting = new Set<{ at: number; action: () => void }>();
  return {
    after(milliseconds: number, action: () => void): () => void {
      const one = { at: now + milliseconds, action };
      waiting.add(one);
      return () => void waiting.delete(one);
    },
    pass(milliseconds: number): void {
      now += milliseconds;
      for (const one of [...waiting].sort((a, b) => a.at - b.at)) {
        if (one.at <= now && waiting.delete(one)) {
          one.action();
        }
      }
    }
  };
}
