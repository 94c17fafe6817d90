import { FileDeclaration } from '@orrery/protocol';
import { z } from 'zod';
import type { ReadDocument } from './document.ts';
import { fieldPath, type Issue } from './issue.ts';
import { didYouMean, suggest } from './suggest.ts';

type ZodIssue = z.core.$ZodIssue;

/** Checks the values against the schema: the declaration, or every mistake with its line. */
export function checkShape(document: ReadDocument, source: string): { declaration?: FileDeclaration; issues: Issue[] } {
  const parsed = FileDeclaration.safeParse(document.value ?? {});
  if (parsed.success) return { declaration: parsed.data, issues: [] };
  return { issues: parsed.error.issues.flatMap((issue) => translate(issue, document, source)) };
}

function translate(issue: ZodIssue, document: ReadDocument, source: string): Issue[] {
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(FileDeclaration, document.value ?? {}, issue.path);
    return issue.keys.map((key) => ({
      source,
      ...document.keyAt(issue.path, key),
      field: fieldPath([...issue.path, key]),
      reason: `is no known key${didYouMean(key, known) || (known.length > 0 ? `; known here: ${known.join(', ')}` : '')}`,
    }));
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    // Of several shapes the one that was nearly met is the one that was meant.
    const [nearest = []] = issue.errors.toSorted((a, b) => a.length - b.length);
    if (nearest.some(({ path }) => path.length > 0) || nearest.some(({ code }) => code === 'unrecognized_keys'))
      return nearest.flatMap((inner) =>
        translate({ ...inner, path: [...issue.path, ...inner.path] }, document, source),
      );
  }
  const reason = document.withoutValues(inWords(issue, valueAt(document.value, issue.path)));
  return [{ source, ...document.at(issue.path), field: fieldPath(issue.path), reason }];
}

/** zod's messages, in the words of a person who edits a file. */
function inWords(issue: ZodIssue, value: unknown): string {
  if (
    value === undefined &&
    (issue.code === 'invalid_type' || issue.code === 'invalid_union' || issue.code === 'invalid_value')
  )
    return `is missing${'options' in issue ? `: one of ${(issue.options as string[]).join(', ')}` : ''}`;
  if (issue.code === 'invalid_type') return `must be ${article(issue.expected)}, not ${kindOf(value)}`;
  const choices =
    issue.code === 'invalid_value'
      ? issue.values.map(String)
      : 'options' in issue
        ? (issue.options as string[])
        : undefined;
  if (choices) {
    const meant = typeof value === 'string' ? suggest(value, choices) : undefined;
    return `must be one of ${choices.join(', ')}${meant ? `; did you mean "${meant}"?` : ''}`;
  }
  return issue.message;
}

const article = (word: string) =>
  ({ array: 'a list', object: 'a map', string: 'text', int: 'a whole number', boolean: 'true or false' })[word] ??
  `a ${word}`;

function kindOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return article(typeof value);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let inner = value;
  for (const part of path) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, part)) return undefined;
    inner = (inner as Record<PropertyKey, unknown>)[part];
  }
  return inner;
}

/** The keys that the schema knows at a path; where shapes differ by their kind, those of the kind written there. */
function keysAt(schema: z.core.$ZodType, value: unknown, path: readonly PropertyKey[]): string[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodDiscriminatedUnion) {
    const fits = inner.options.find((option) => {
      const discriminator = (option as z.ZodObject).shape.kind;
      return discriminator !== undefined && z.safeParse(discriminator, valueAt(value, ['kind'])).success;
    });
    return fits ? keysAt(fits, value, path) : [];
  }
  const [first, ...rest] = path;
  if (inner instanceof z.ZodObject) {
    if (first === undefined) return Object.keys(inner.shape);
    const next = (inner.shape as Record<PropertyKey, z.core.$ZodType>)[first];
    return next ? keysAt(next, valueAt(value, [first]), rest) : [];
  }
  if (inner instanceof z.ZodUnion)
    return [...new Set(inner.options.flatMap((option) => keysAt(option as z.core.$ZodType, value, path)))];
  if (inner instanceof z.ZodArray && first !== undefined) return keysAt(inner.element, valueAt(value, [first]), rest);
  return [];
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional)
    return unwrap(schema.unwrap());
  return schema;
}
