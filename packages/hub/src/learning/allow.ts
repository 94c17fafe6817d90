import type { Pattern } from '@orrery/protocol';
import { authorize, type Caller } from '../access/index.ts';
import { inTransaction } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import type { LearningContext } from './context.ts';
import { listPatterns } from './list.ts';
import { learningIn } from './store.ts';

/** Lets a remedy that has not helped at a service try again there: what it did before stays in what is believed, and suppresses it no more. */
export async function allowPattern(
  context: LearningContext,
  caller: Caller,
  id: string,
  reason: string,
): Promise<Pattern> {
  authorize(caller, 'actions:run');
  const find = async () => (await listPatterns(context, caller, {})).find((pattern) => pattern.id === id);
  const before = await find();
  if (!before?.where) throw new HubError('not_found', 'There is no such pattern of a service.');
  const at = context.clock.now();
  const { project, service } = before.where;
  await inTransaction(context.db, async (trx) => {
    const row = { id, by_name: caller.name, at, reason };
    await learningIn(trx)
      .insertInto('pattern_allowances')
      .values(row)
      .onConflict((oc) => oc.column('id').doUpdateSet(row))
      .execute();
    await context.appendEvents(trx, [
      {
        ...{ at, type: 'patterns.allowed', project, service },
        title: `${caller.name} lets "${before.remedy.form}" try again at ${project}/${service}${reason ? `: ${reason}` : ''}`,
        data: { patternId: id, tries: before.tries, successes: before.successes },
      },
    ]);
    await context.audit(trx, {
      ...{ caller, verb: 'patterns.allow', target: id, project, at },
      before: { suppressed: before.suppressed },
      after: { suppressed: false, reason },
    });
  });
  context.forget();
  return (await find()) ?? before;
}
