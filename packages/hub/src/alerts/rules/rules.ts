import type { RuleDeclaration, RuleView } from '@orrery/protocol';
import { authorizeWhole, type Caller } from '../../access/index.ts';
import type { RuleFact } from '../../detect/index.ts';
import { type Db, inTransaction } from '../../platform/db.ts';
import { type Acted, act, type RuleContext } from './act.ts';
import { compileRule, type Rule } from './compile.ts';
import { subjectOf } from './events.ts';
import { ruleFacts } from './facts.ts';
import { type Hit, runRule } from './hits.ts';
import { createReader, type Page } from './reader.ts';
import { type StoredSample, sampleSubject } from './samples.ts';
import type { Subject } from './subjects.ts';
import type { RuleTables } from './tables.ts';
import { createTally } from './tally.ts';
import { type RuleTest, tryRule } from './try.ts';

/** A rule and where it was declared: `orrery.yaml:31`. */
export type DeclaredRule = { declaration: RuleDeclaration; ref: string };

/** A backlog is worked through in bites; the next turn goes on. */
const MAX_PAGES = 20;
/** Matches of samples that wait to be written, each the newest of its rule, project and service. */
const MAX_WAITING = 10_000;
const FORGET_MS = 30 * 86_400_000;

export type Rules = ReturnType<typeof createRules>;

/**
 * Rules over events and samples. Events are worked through from a place that the database remembers, so that a crash loses none and none
 * is acted on twice; samples are looked at as they are stored, and a match that a crash swallows comes again with the next sample.
 */
export function createRules(context: RuleContext) {
  const { db, clock, log } = context;
  const reader = createReader(context);
  const tally = createTally(clock, log);
  let declared: readonly DeclaredRule[] = [];
  let onEvents: readonly Rule[] = [];
  let onSamples: readonly Rule[] = [];
  const waiting = new Map<string, Hit>();

  function run(rules: readonly Rule[], subject: Subject, seq?: number): Hit[] {
    return rules.flatMap((rule) => {
      const outcome = runRule(rule, subject, seq);
      if (outcome.kind === 'miss') return [];
      tally.count(rule.declaration.name, outcome);
      return outcome.kind === 'hit' ? [outcome.hit] : [];
    });
  }

  function hitsOf({ rows }: Page): Hit[] {
    return rows.flatMap((row) => {
      // What no rule is about is not even read.
      const about = onEvents.filter(({ words }) => words === undefined || words.has(row.type));
      const subject = about.length > 0 ? subjectOf(row) : undefined;
      return subject ? run(about, subject, row.seq) : [];
    });
  }

  async function settle(page: Page, acted: Acted): Promise<void> {
    const hits = hitsOf(page);
    if (hits.length > 0 || page.due) {
      await inTransaction(db, async (trx: Db) => {
        if (hits.length > 0) add(acted, await act(trx, context, hits, clock.now()));
        await page.save(trx);
      });
      reader.written();
    }
    page.done();
  }

  /** Writes down what samples have matched since; without a match it does nothing. */
  async function keep(): Promise<Acted> {
    if (waiting.size === 0) return { projects: [], told: 0 };
    const hits = [...waiting];
    waiting.clear();
    try {
      return await inTransaction(db, (trx) =>
        act(
          trx,
          context,
          hits.map(([, hit]) => hit),
          clock.now(),
        ),
      );
    } catch (error) {
      // They wait for the next turn, unless a newer one has come meanwhile.
      for (const [key, hit] of hits) if (!waiting.has(key)) waiting.set(key, hit);
      throw error;
    }
  }

  return {
    /** Takes up the rules that the configuration declares now; they have been checked. */
    async sync(rules: readonly DeclaredRule[]): Promise<void> {
      const compiled = rules.flatMap(({ declaration }) => {
        const rule = declaration.enabled ? compileRule(declaration) : [];
        return Array.isArray(rule) ? [] : [rule];
      });
      declared = rules;
      onEvents = compiled.filter(({ declaration }) => declaration.on === 'event');
      onSamples = compiled.filter(({ declaration }) => declaration.on === 'sample');
      tally.keep(new Set(rules.map(({ declaration }) => declaration.name)));
      await (onEvents.length > 0 ? reader.start() : reader.stop());
    },

    /** Looks at samples that are being stored. Never throws, and costs nothing without rules on them. */
    see(project: string, samples: readonly StoredSample[], receivedAt: number): void {
      if (onSamples.length === 0) return;
      for (const sample of samples) {
        const about = onSamples.filter(({ words }) => words === undefined || words.has(sample.key));
        const subject = about.length > 0 ? sampleSubject(project, sample, receivedAt) : undefined;
        if (!subject) continue;
        for (const hit of run(about, subject)) {
          const key = JSON.stringify([hit.rule.declaration.name, project, hit.service]);
          if (waiting.size < MAX_WAITING || waiting.has(key)) waiting.set(key, hit);
        }
      }
    },
    keep,

    /** Works through what has come since the last time; one hub at a time does this. Says which projects have to be judged, and how much was told. */
    async work(): Promise<Acted> {
      const acted = await keep();
      for (let pages = 0; onEvents.length > 0 && pages < MAX_PAGES; pages++) {
        const page = await reader.next();
        await settle(page, acted);
        if (!page.more) break;
      }
      return acted;
    },

    /** What rules say of these projects (of all when absent), for the detector. */
    facts: (projects?: readonly string[]): Promise<ReadonlyMap<string, readonly RuleFact[]>> =>
      ruleFacts(db, [...onEvents, ...onSamples], projects),

    /** Every declared rule, and how it does on this hub. Rules look at all projects: only who sees them all sees the rules. */
    views(caller: Caller): RuleView[] {
      authorizeWhole(caller, 'ops:view');
      return declared.map(({ declaration, ref }) => ({
        ...declaration,
        declaredIn: ref,
        ...tally.of(declaration.name),
      }));
    },

    /** Says what a rule would do with an event or a sample; nothing is done. */
    test(caller: Caller, input: RuleTest) {
      authorizeWhole(caller, 'alerts:manage');
      return tryRule(input, clock.now());
    },

    /** Forgets what rules saw long ago. */
    async expire(): Promise<void> {
      await reader.expire();
      await db
        .withTables<RuleTables>()
        .deleteFrom('rule_matches')
        .where('matched_at', '<', clock.now() - FORGET_MS)
        .execute();
    },
  };
}

function add(to: Acted, { projects, told }: Acted): void {
  to.projects.push(...projects);
  to.told += told;
}
