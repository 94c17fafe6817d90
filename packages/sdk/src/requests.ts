import { AsyncLocalStorage } from 'node:async_hooks';

/** So often the same statement within one request is a loop over rows and not a coincidence. */
const LOOP_FROM = 5;
/** Statements that are told apart within one request, and pairs of route and statement within one report. */
const MAX_STATEMENTS = 100;
const MAX_PAIRS = 200;
/** As many counts say what is typical. */
const MAX_COUNTS = 64;

type Tally = { times: number; ms: number };

/** The statements of one request. */
export class RequestTrace {
  statements: Map<string, Tally> | undefined;

  note(statement: string, durationMs: number): void {
    this.statements ??= new Map();
    const known = this.statements.get(statement);
    if (known) {
      known.times++;
      known.ms += durationMs;
    } else if (this.statements.size < MAX_STATEMENTS) this.statements.set(statement, { times: 1, ms: durationMs });
  }
}

export type Requests = {
  /** A new request begins; hand it to `run` and, when it is answered, to `tracer.record`. */
  open(): RequestTrace;
  /** Runs `fn` as this request: what it asks of a database, now or later, is the request's. */
  run<T>(trace: RequestTrace, fn: () => T): T;
  current(): RequestTrace | undefined;
};

export function createRequests(): Requests {
  const storage = new AsyncLocalStorage<RequestTrace>();
  return {
    open: () => new RequestTrace(),
    run: (trace, fn) => storage.run(trace, fn),
    current: () => storage.getStore(),
  };
}

export type RepeatSummary = {
  route: string;
  statement: string;
  /** Requests in which it stood so often. */
  requests: number;
  /** How often it stood in one of them: the median and the most. */
  typical: number;
  most: number;
  /** What all but the first took, in ms. */
  wastedMs: number;
};

export type Repeats = {
  note(route: string, trace: RequestTrace): void;
  /** What was noted since it was last taken. */
  take(): RepeatSummary[];
};

type Pair = Omit<RepeatSummary, 'typical'> & { counts: number[] };

/** Which statements routes repeat within single requests: the N+1 pattern. */
export function repeated(): Repeats {
  let pairs = new Map<string, Pair>();
  return {
    note(route, { statements }) {
      if (!statements) return;
      for (const [statement, { times, ms }] of statements) {
        if (times < LOOP_FROM) continue;
        const key = `${route}\n${statement}`;
        let pair = pairs.get(key);
        if (!pair) {
          if (pairs.size >= MAX_PAIRS) continue;
          pair = { route, statement, requests: 0, most: 0, wastedMs: 0, counts: [] };
          pairs.set(key, pair);
        }
        pair.counts[pair.requests % MAX_COUNTS] = times;
        pair.requests++;
        pair.most = Math.max(pair.most, times);
        pair.wastedMs += (ms * (times - 1)) / times;
      }
    },
    take() {
      const taken = [...pairs.values()].map(({ counts, ...pair }) => ({
        ...pair,
        typical: counts.toSorted((a, b) => a - b)[counts.length >> 1] ?? 0,
      }));
      pairs = new Map();
      return taken;
    },
  };
}
