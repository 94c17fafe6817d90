export type Reports = {
  presenceEveryMs: number;
  metricsEveryMs: number;
  callsEveryMs: number;
  attacksEveryMs: number;
  performanceEveryMs: number;
  presence: () => void;
  health: () => Promise<void>;
  metrics: () => Promise<void>;
  calls: () => void;
  attacks: () => void;
  performance: () => void;
};

export type Reporting = {
  /** Sends every report that has an interval now, whatever its next turn. */
  now(): Promise<void>;
  stop(): void;
};

/** Sends each report now and at its interval. The timers never keep the process alive; a report that fails is tried at the next turn. */
export function startReporting(reports: Reports): Reporting {
  const timers: NodeJS.Timeout[] = [];
  const turns: (() => Promise<void>)[] = [];
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
    turns.push(turn);
    void turn();
    timers.push(setInterval(() => void turn(), ms).unref());
  };
  every(reports.presenceEveryMs, async () => {
    reports.presence();
    await reports.health();
  });
  every(reports.metricsEveryMs, reports.metrics);
  every(reports.callsEveryMs, reports.calls);
  every(reports.attacksEveryMs, reports.attacks);
  every(reports.performanceEveryMs, reports.performance);
  return {
    now: async () => void (await Promise.all(turns.map((turn) => turn()))),
    stop() {
      for (const timer of timers) clearInterval(timer);
    },
  };
}
