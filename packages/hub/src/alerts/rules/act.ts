import type { RuleEffect } from '@orrery/protocol';
import type { NewEvent } from '../../events/index.ts';
import { iso } from '../../platform/clock.ts';
import type { Db } from '../../platform/db.ts';
import { newId } from '../../platform/ids.ts';
import type { AlertContext } from '../context.ts';
import { deliveryRow, enqueue } from '../notify.ts';
import type { DeliveryRow } from '../tables.ts';
import { resolveAfter } from './compile.ts';
import { MADE_BY_RULE } from './events.ts';
import type { Hit } from './hits.ts';
import type { RuleTables } from './tables.ts';

const CHUNK = 500;

export type RuleContext = Pick<AlertContext, 'db' | 'clock' | 'log' | 'appendEvents' | 'book'>;
export type Acted = {
  /** Projects with an alert that began or goes on. */
  projects: string[];
  /** Events and notifications that were written. */
  told: number;
};

/**
 * Does what the rules say, inside a transaction: remembers matches (from which alerts are judged), writes events, puts notifications into
 * the outbox. An event that a rule has acted on already is passed over.
 */
export async function act(trx: Db, context: RuleContext, hits: readonly Hit[], now: number): Promise<Acted> {
  const projects = new Set<string>();
  const events: NewEvent[] = [];
  const deliveries: DeliveryRow[] = [];
  // In one order, so that two hubs wait for and do not block each other.
  const fresh = await claim(trx, [...hits].sort(byKey));
  for (const group of Map.groupBy(fresh, keyOf).values()) {
    const last = group.at(-1);
    if (!last || !(await remember(trx, last, now))) continue;
    const { effect } = last.rule.declaration;
    if (effect.kind === 'alert') projects.add(last.project);
    // One that rests after it has acted rests for what came with it too.
    else
      for (const hit of last.rule.cooldownMs > 0 ? group.slice(0, 1) : group)
        if (effect.kind === 'event') events.push(eventOf(hit, effect, now));
        else deliveries.push(...deliveriesOf(context, hit, effect, now));
  }
  if (events.length > 0) await context.appendEvents(trx, events);
  await enqueue(trx, deliveries);
  return { projects: [...projects], told: events.length + deliveries.length };
}

const keyOf = ({ rule, project, service }: Hit) => JSON.stringify([rule.declaration.name, project, service]);
const byKey = (a: Hit, b: Hit): number => {
  const [one, other] = [keyOf(a), keyOf(b)];
  return one < other ? -1 : one > other ? 1 : (a.seq ?? 0) - (b.seq ?? 0);
};

/** Of these, what no rule has acted on yet: all that is about samples, and events that were not claimed before. */
async function claim(trx: Db, hits: readonly Hit[]): Promise<Hit[]> {
  const rows = hits.flatMap(({ rule, seq }) => (seq === undefined ? [] : [{ rule: rule.declaration.name, seq }]));
  const mine = new Set<string>();
  for (let i = 0; i < rows.length; i += CHUNK)
    for (const { rule, seq } of await trx
      .withTables<RuleTables>()
      .insertInto('rule_hits')
      .values(rows.slice(i, i + CHUNK))
      .onConflict((oc) => oc.columns(['rule', 'seq']).doNothing())
      .returning(['rule', 'seq'])
      .execute())
      mine.add(`${rule} ${seq}`);
  return hits.filter(({ rule, seq }) => seq === undefined || mine.has(`${rule.declaration.name} ${seq}`));
}

/** Writes the match down unless the rule rests; one statement, which decides between two hubs. A time that lies ahead was written before the clock was set back. */
async function remember(trx: Db, hit: Hit, now: number): Promise<boolean> {
  const { rule, project, service, title, description, recommendation } = hit;
  const lasts = resolveAfter(rule.declaration.effect);
  const row = await trx
    .withTables<RuleTables>()
    .insertInto('rule_matches')
    .values({
      rule: rule.declaration.name,
      project,
      service,
      began_at: now,
      matched_at: now,
      title,
      description: description ?? null,
      recommendation: recommendation ?? null,
    })
    .onConflict((oc) =>
      oc
        .columns(['rule', 'project', 'service'])
        .doUpdateSet(({ ref, eb }) => ({
          began_at: eb
            .case()
            .when(eb.and([eb('rule_matches.matched_at', '>', now - lasts), eb('rule_matches.began_at', '<=', now)]))
            .then(ref('rule_matches.began_at'))
            .else(now)
            .end(),
          matched_at: ref('excluded.matched_at'),
          title: ref('excluded.title'),
          description: ref('excluded.description'),
          recommendation: ref('excluded.recommendation'),
        }))
        .where((eb) =>
          eb.or([
            eb('rule_matches.matched_at', '>', now - lasts),
            eb('rule_matches.began_at', '<=', now - rule.cooldownMs),
            eb('rule_matches.began_at', '>', now),
          ]),
        ),
    )
    .returning('rule')
    .executeTakeFirst();
  return row !== undefined;
}

function eventOf(hit: Hit, effect: Extract<RuleEffect, { kind: 'event' }>, now: number): NewEvent {
  const { name } = hit.rule.declaration;
  const source = hit.seq ?? `${hit.project}:${hit.service}:${newId('smp', now)}`;
  return {
    id: `${MADE_BY_RULE}${name}:${source}`,
    at: now,
    type: effect.type,
    ...(hit.project === '' ? {} : { project: hit.project }),
    ...(hit.service === '' ? {} : { service: hit.service }),
    title: hit.title,
    data: { rule: name, ...(hit.eventId === undefined ? {} : { event: hit.eventId }) },
  };
}

/** For each channel that the rule names and that takes this severity and project. */
function deliveriesOf(
  { book }: RuleContext,
  hit: Hit,
  effect: Extract<RuleEffect, { kind: 'notify' }>,
  now: number,
): DeliveryRow[] {
  const { name } = hit.rule.declaration;
  const alert = {
    id: newId('rul', now),
    project: hit.project || 'orrery',
    ...(hit.service === '' ? {} : { service: hit.service }),
    severity: effect.severity,
    category: 'availability' as const,
    title: hit.title,
    description: hit.description ?? `The rule ${name} matched.`,
    autoFixable: false,
    status: 'open' as const,
    fingerprint: `${MADE_BY_RULE}${name}`,
    occurrences: 1,
    createdAt: iso(now),
    lastSeenAt: iso(now),
  };
  const notification = { type: 'rule.matched' as const, at: iso(now), alert };
  const takes = (channel: string) =>
    book.refusal(channel, { severity: effect.severity, project: hit.project }) === undefined;
  return effect.channels
    .filter(takes)
    .map((channel) => deliveryRow({ alertId: null, channel, notification, at: now, now }));
}
