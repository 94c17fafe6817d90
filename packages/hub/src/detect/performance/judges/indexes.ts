import { type Judge, percent, short, type Word } from '../facts.ts';

/** What would gain less is not worth the writes that an index costs. */
const MIN_GAIN_PERCENT = 50;

/** An index that is missing. Those that are too many cost little at once: they stand in the list and raise nothing. */
export const indexes: Judge = ({ project, advice }) =>
  advice.flatMap(({ id, kind, table, columns, sql, reason, cost, timeSharePercent }): Word[] => {
    if (kind !== 'create' || (cost?.gainPercent ?? 0) < MIN_GAIN_PERCENT) return [];
    const share =
      timeSharePercent === undefined
        ? ''
        : ` It takes ${percent(timeSharePercent / 100)} of the time of all statements.`;
    const said = {
      severity: (timeSharePercent ?? 0) >= 25 ? 'warning' : 'info',
      title: `${project}: an index on ${short(table, 60)} (${short(columns.join(', '), 60)}) is missing`,
      description: `${reason}${share}`,
      recommendation: `After a look at it: ${sql}`,
    } as const;
    return [{ kind: 'index', subject: id, state: 'bad', said }];
  });
