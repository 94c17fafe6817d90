import type { Clock } from '../../platform/clock.ts';
import { type Db, inTransaction } from '../../platform/db.ts';
import { newId } from '../../platform/ids.ts';
import type { LogFact } from '../facts.ts';
import { count, heardSince } from './counts.ts';
import { createTree, MAX_TEMPLATES, type Tree, wordsOf } from './drain.ts';
import { isNew, QUIET_MS, riseOf } from './judge.ts';
import { type Known, lastMinedLine, loadSources, saveMined } from './store.ts';

export type StoredLine = {
  id: number;
  project: string;
  service: string;
  level: number;
  message: string;
  /** When it was said, by the clock of who said it. */
  at: number;
  receivedAt: number;
};
/** Stored lines after a line's number, oldest first. */
export type LinesAfter = (after: number, limit: number) => Promise<readonly StoredLine[]>;

const LINES_A_TURN = 5000;
const MAX_EXAMPLE = 500;
/** A hub that has not mined for so long no longer knows what the logs hold. */
const STALE_MS = 60_000;
/** A line older than this when it came is of a clock that is wrong. */
const OLDEST_MS = 7 * 86_400_000;

type Source = { project: string; since: number; lines: number; tree: Tree<Known>; templates: Map<string, Known> };

/**
 * Sorts new log lines into templates, wherever they came from: what was stored after the last turn is read, and the templates and how
 * far was read are written together, so that a line counts once whatever happens in between.
 */
export function createMiner({ db, clock, linesAfter }: { db: Db; clock: Clock; linesAfter: LinesAfter }) {
  let sources: Map<string, Source> | undefined;
  let readTo = -1;
  let minedAt = Number.NEGATIVE_INFINITY;

  async function load(): Promise<void> {
    const stored = await loadSources(db);
    sources = new Map(
      stored.sources.map(({ project, service, since, lines, templates }) => [
        keyOf(project, service),
        {
          project,
          since,
          lines,
          tree: createTree(templates),
          templates: new Map(templates.map((each) => [each.id, each])),
        },
      ]),
    );
    readTo = stored.lastLine;
  }

  /** One line into its template. */
  function take(source: Source, line: StoredLine): Known {
    const words = wordsOf(line.message);
    const found = source.tree.find(words);
    source.lines += 1;
    if (found) {
      const { template } = found;
      template.words = found.words;
      template.level = Math.max(template.level, line.level);
      template.example = line.message.slice(0, MAX_EXAMPLE);
      template.lastAt = Math.max(template.lastAt, line.receivedAt);
      template.total += 1;
      template.counts = count(template.counts, saidAt(line), 1, line.receivedAt);
      return template;
    }
    const template: Known = {
      id: newId('ltp', clock.now()),
      project: line.project,
      service: line.service,
      words,
      level: line.level,
      example: line.message.slice(0, MAX_EXAMPLE),
      firstAt: line.receivedAt,
      lastAt: line.receivedAt,
      total: 1,
      counts: count([], saidAt(line), 1, line.receivedAt),
    };
    source.tree.add(template);
    source.templates.set(template.id, template);
    return template;
  }

  /** The template of a full source that was seen least lately gives way. */
  function makeRoom(source: Source): string[] {
    const gone: string[] = [];
    while (source.templates.size > MAX_TEMPLATES) {
      const oldest = [...source.templates.values()].reduce((a, b) => (b.lastAt < a.lastAt ? b : a));
      source.tree.remove(oldest);
      source.templates.delete(oldest.id);
      gone.push(oldest.id);
    }
    return gone;
  }

  async function turn(): Promise<{ lines: number; projects: string[] }> {
    // Another hub may have mined since this one last did.
    if (!sources || (await lastMinedLine(db)) !== readTo) await load();
    const known = sources ?? new Map<string, Source>();
    const lines = await linesAfter(readTo, LINES_A_TURN);
    const last = lines.at(-1);
    if (!last) return { lines: 0, projects: [] };
    const changed = new Map<string, Known>();
    const touched = new Map<string, { project: string; service: string; source: Source }>();
    const gone: string[] = [];
    for (const line of lines) {
      const key = keyOf(line.project, line.service);
      const source = known.get(key) ?? newSource(line);
      known.set(key, source);
      touched.set(key, { project: line.project, service: line.service, source });
      const template = take(source, line);
      changed.set(template.id, template);
      gone.push(...makeRoom(source));
    }
    for (const id of gone) changed.delete(id);
    try {
      await inTransaction(db, (trx) =>
        saveMined(trx, {
          from: readTo,
          to: last.id,
          templates: [...changed.values()],
          gone,
          sources: [...touched.values()].map(({ project, service, source }) => ({
            project,
            service,
            since: source.since,
            lines: source.lines,
          })),
        }),
      );
    } catch (error) {
      // What is in memory is ahead of what is stored: the next turn begins from the stored.
      sources = undefined;
      throw error;
    }
    readTo = last.id;
    return { lines: lines.length, projects: [...new Set(lines.map(({ project }) => project))] };
  }

  return {
    /** What the logs of a project have just held; undefined on a hub that has not mined lately. */
    facts(project: string, now: number): LogFact[] | undefined {
      if (!sources || clock.monotonic() - minedAt > STALE_MS) return undefined;
      const own = [...sources.values()].filter((source) => source.project === project);
      // Of a time in which nothing of the project was heard at all, nobody knows what was usual.
      const heard = heardSince(
        own.flatMap(({ templates }) => [...templates.values()]),
        now,
      );
      return own.flatMap((source) =>
        [...source.templates.values()]
          .filter(({ lastAt }) => now - lastAt < QUIET_MS)
          .map((template) => factOf(template, source, heard, now)),
      );
    },
    /** Mines all lines that were stored since the last turn; says which projects they are of. */
    async mine(signal?: AbortSignal): Promise<{ lines: number; projects: string[] }> {
      const projects = new Set<string>();
      let lines = 0;
      for (;;) {
        const done = await turn();
        lines += done.lines;
        for (const project of done.projects) projects.add(project);
        minedAt = clock.monotonic();
        if (done.lines < LINES_A_TURN || signal?.aborted) return { lines, projects: [...projects] };
      }
    },
  };
}

function factOf(template: Known, source: Source, heard: number, now: number): LogFact {
  const { id, service, words, example, level, firstAt, lastAt, total } = template;
  const rise = riseOf(template, { ...source, since: Math.max(source.since, heard) }, now);
  return {
    ...{ id, service, example, level, firstAt, lastAt, total },
    template: words.join(' '),
    isNew: isNew(template, source, now),
    ...(rise ? { rise } : {}),
  };
}

const newSource = ({ project, receivedAt }: StoredLine): Source => ({
  project,
  since: receivedAt,
  lines: 0,
  tree: createTree(),
  templates: new Map(),
});

/** A log that is read again after a silence brings what was said meanwhile: it counts where it belongs. */
const saidAt = ({ at, receivedAt }: StoredLine): number =>
  at > receivedAt || at < receivedAt - OLDEST_MS ? receivedAt : at;

const keyOf = (project: string, service: string): string => `${project}/${service}`;
