export type Reports = {
  presenceEveryMs: number;
  metricsEveryMs: number;
  callsEveryMs: number;
  summariesEveryMs: number;
  attacksEveryMs: number;
  performanceEveryMs: number;
  presence: () => void;
  health: () => Promise<void>;
  metrics: () => Promise<void>;
  calls: () => void;
  summaries: () => unknown;
  attacks: () => void;
  performance: () => void;
};

export type Reporting = {
  /** Sends every report of the SDK's own that has an interval now, whatever its next turn. */
  now(): Promise<void>;
  stop(): void;
};

/** Sends each report now and at its interval. The timers never keep the process alive; a report that fails is tried at the next turn. */
export function startReporting(reports: Reports): Reporting {
  const timers: NodeJS.Timeout[] = [];
  const every = (ms: number, report: () => unknown) => {
    if (ms <= 0) return undefined;
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
    return turn;
  };
  const turns = [
    every(reports.presenceEveryMs, async () => {
      reports.presence();
      await reports.health();
    }),
    every(reports.metricsEveryMs, reports.metrics),
    every(reports.callsEveryMs, reports.calls),
    every(reports.attacksEveryMs, reports.attacks),
    every(reports.performanceEveryMs, reports.performance),
  ];
  every(reports.summariesEveryMs, reports.summaries);
  return {
    now: async () => void (await Promise.all(turns.map((turn) => turn?.()))),
    stop() {
      for (const timer of timers) clearInterval(timer);
    },
  };
}
