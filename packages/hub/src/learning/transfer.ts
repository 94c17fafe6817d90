import type { PatternFile, PatternImport } from '@orrery/protocol';
import { authorize, authorizeWhole, type Caller, sees } from '../access/index.ts';
import { iso } from '../platform/clock.ts';
import { inTransaction } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { Tally } from './believe.ts';
import type { LearningContext } from './context.ts';
import { kinOf, patternId, symptomText } from './key.ts';
import { learningIn } from './store.ts';

/** Clocks differ; a file from further ahead was not made by one that is right. */
const AHEAD_MS = 86_400_000;

/**
 * What this hub itself saw, as another may take it in: what was imported is not handed on, so that nothing is believed the more the longer
 * it goes round. Names of projects and services are left out unless they are asked for; of what the caller may see only.
 */
export async function exportPatterns(context: LearningContext, caller: Caller, names: boolean): Promise<PatternFile> {
  authorize(caller, 'ops:view');
  const now = context.clock.now();
  const book = await context.book();
  const own = [...book.tallies.values()].filter(({ project, tries }) => tries > 0 && sees(caller, project));
  const groups = Map.groupBy(own, ({ symptom, remedy, project, service }) =>
    JSON.stringify([kinOf(symptom, remedy), symptom.cause, ...(names ? [project, service] : [])]),
  );
  const patterns = [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const sum = (of: (tally: Tally) => number) =>
      Math.round(group.reduce((total, tally) => total + of(tally), 0) * 1000) / 1000;
    const { symptom, remedy, project, service } = first;
    return [
      {
        ...{ symptom, remedy },
        ...(names ? { where: { project, service } } : {}),
        // As they weigh today: whoever takes the file in lets them age from its date on.
        tries: sum((tally) => tally.weight.tries * ownShare(tally)),
        successes: sum((tally) => tally.weight.successes * ownShare(tally)),
        lastSeenAt: iso(Math.max(...group.map(({ lastAt }) => lastAt))),
      },
    ];
  });
  return { format: 'orrery.patterns', version: 1, id: newId('pat', now), exportedAt: iso(now), patterns };
}

const ownShare = ({ weight }: Tally): number =>
  weight.tries === 0 ? 0 : (weight.tries - weight.imported) / weight.tries;

/** Takes a file in, whole or not at all, and once: its patterns weigh less than what was seen here, and are marked by its id. */
export async function importPatterns(
  context: LearningContext,
  caller: Caller,
  file: PatternFile,
): Promise<PatternImport> {
  authorizeWhole(caller, 'configure');
  const now = context.clock.now();
  const exportedAt = Date.parse(file.exportedAt);
  if (exportedAt > now + AHEAD_MS) throw new HubError('invalid', 'The file says that it was made in the future.');
  const result = await inTransaction(context.db, async (trx) => {
    const tables = learningIn(trx);
    const taken = await tables
      .insertInto('pattern_imports')
      .values({ id: file.id, by_name: caller.name, at: now, patterns: file.patterns.length })
      .onConflict((oc) => oc.doNothing())
      .executeTakeFirst();
    if (Number(taken.numInsertedOrUpdatedRows ?? 0) === 0)
      return { id: file.id, patterns: file.patterns.length, again: true };
    for (const [index, { symptom, remedy, where, tries, successes }] of file.patterns.entries()) {
      const text = symptomText(symptom);
      await tables
        .insertInto('pattern_evidence')
        .values({
          id: `${file.id}/${index}`,
          pattern_id: patternId(text, remedy, where?.project, where?.service),
          import_id: file.id,
          project: where?.project ?? '',
          service: where?.service ?? '',
          symptom: text,
          remedy_kind: remedy.kind,
          remedy_form: remedy.form,
          ...{ tries, successes },
          at: Math.min(exportedAt, now),
          learned_at: now,
        })
        .execute();
    }
    await context.appendEvents(trx, [
      {
        at: now,
        type: 'patterns.imported',
        title: `${caller.name} imported ${file.patterns.length} patterns`,
        data: { id: file.id, patterns: file.patterns.length },
      },
    ]);
    await context.audit(trx, {
      caller,
      verb: 'patterns.import',
      target: file.id,
      after: { patterns: file.patterns.length, exportedAt: file.exportedAt },
      at: now,
    });
    return { id: file.id, patterns: file.patterns.length, again: false };
  });
  context.forget();
  return result;
}
