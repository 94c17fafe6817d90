const TICK_MS = 20;

/**
 * Measures how long something lasts while this process runs, ms: a stretch in which the machine let it do nothing counts as two ticks, since
 * no timer of ours, early or late, could have moved in it. For what waits for timers and sockets, not for what computes.
 */
export function stopwatch(): () => number {
  let passed = 0;
  let last = performance.now();
  const look = () => {
    const now = performance.now();
    passed += Math.min(now - last, 2 * TICK_MS);
    last = now;
    return passed;
  };
  const timer = setInterval(look, TICK_MS).unref();
  return () => {
    clearInterval(timer);
    return look();
  };
}
