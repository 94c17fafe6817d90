import type { ASTNode, Environment } from '@marcbachmann/cel-js';
import { bounds } from './bounds.ts';
import type { Fault } from './fault.ts';
import { loadCel, once } from './language.ts';
import { LINEAR, matchesLinear, withLinearMatches } from './patterns.ts';
import { EventSubject, FIELDS, SampleSubject, type Subject, type SubjectKind } from './subjects.ts';

export type Expression = {
  /** The type of its value as far as it is known before it runs: `bool`, `string`, `dyn`. */
  type: string;
  ast: ASTNode;
  /** Throws EvaluationError. */
  run(subject: Subject): unknown;
};

/** Far more than a readable rule needs, and little enough that no evaluation takes long. */
const LIMITS = { maxAstNodes: 300, maxDepth: 30, maxListElements: 200, maxMapEntries: 50, maxCallArguments: 8 };

const language = () =>
  new (loadCel().Environment)({
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false,
    limits: LIMITS,
  }).registerFunction(`string.${LINEAR}(string): bool`, matchesLinear);
const ENVIRONMENTS: Record<SubjectKind, () => Environment> = {
  event: once(() =>
    language()
      .registerType('Event', { ctor: EventSubject, fields: { ...FIELDS.event } })
      .registerVariable('event', 'Event'),
  ),
  sample: once(() =>
    language()
      .registerType('Sample', { ctor: SampleSubject, fields: { ...FIELDS.sample } })
      .registerVariable('sample', 'Sample'),
  ),
};

/** Reads and type-checks one expression about an event or a sample. */
export function compileExpression(text: string, kind: SubjectKind): Expression | Fault {
  const environment = ENVIRONMENTS[kind]();
  try {
    const linear = withLinearMatches(text, environment.parse(text).ast);
    if ('reason' in linear) return linear;
    const parsed = environment.parse(linear.text);
    const { ast } = parsed;
    const beyond = bounds(ast);
    if (beyond) return beyond;
    const { valid, type, error } = parsed.check();
    if (!valid || type === undefined) return faultOf(error, text, kind);
    return { type, ast, run: (subject) => parsed({ [kind]: subject }) };
  } catch (error) {
    return faultOf(error, text, kind);
  }
}

function faultOf(error: unknown, text: string, kind: SubjectKind): Fault {
  const { ParseError, TypeError: CelTypeError, EvaluationError } = loadCel();
  if (!(error instanceof ParseError || error instanceof CelTypeError || error instanceof EvaluationError)) throw error;
  const { start = 0, end = start } = error.range ?? {};
  const hint =
    error.code === 'unknown_variable'
      ? `; only "${kind}" is known here`
      : error.code === 'no_such_key'
        ? `; ${kind} has ${Object.keys(FIELDS[kind]).join(', ')}`
        : '';
  const named = error.summary.replaceAll(LINEAR, 'matches');
  return { reason: `${named}${hint}`, from: Math.min(start, text.length), to: Math.min(end, text.length) };
}
