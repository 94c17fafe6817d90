export type Reports = {
  presenceEveryMs: number;
  metricsEveryMs: number;
  presence: () => void;
  health: () => Promise<void>;
  metrics: () => Promise<void>;
};

/** Sends each report now and at its interval. The timers never keep the process alive; a report that fails is tried at the next turn. */
export function startReporting(reports: Reports): () => void {
  const timers: NodeJS.Timeout[] = [];
  const every = (ms: number, report: () => void | Promise<void>) => {
    if (ms <= 0) return;
    let busy = false;
    const turn = async () => {
      if (busy) return;
      busy = true;
      try {
        await report();
      } catch {
        // The next turn tries again; a report must not end the product.
      } finally {
        busy = false;
      }
    };
    void turn();
    timers.push(setInterval(() => void turn(), ms).unref());
  };
  every(reports.presenceEveryMs, async () => {
    reports.presence();
    await reports.health();
  });
  every(reports.metricsEveryMs, reports.metrics);
  return () => {
    for (const timer of timers) clearInterval(timer);
  };
}
