import { createRequire } from 'node:module';
import type { Guardrail } from '../../types.ts';
import type { AccountsConfig } from '../settings.ts';
import { RULE_ORDER, RULES } from './rules.ts';

const read = createRequire(import.meta.url);
const loadRe2 = (): typeof import('re2js') => read('re2js');

type Redact = (text: string) => string;
/** Members that name things instead of saying them: a request without them as they are is another request. */
const NAMES = new Set([
  'model',
  'role',
  'type',
  'id',
  'tool_call_id',
  'tool_use_id',
  'name',
  'media_type',
  'mime_type',
  'format',
  'detail',
  'call_id',
  'signature',
  'encrypted_content',
]);
const MAX_DEPTH = 64;

/** The redaction of one text under a tenant's rules, made once for each of them. */
function redactorOf(entry: AccountsConfig['redact'][number]): Redact {
  const steps: Redact[] = RULE_ORDER.filter((rule) => entry.rules.includes(rule)).map((rule) => RULES[rule]);
  for (const { name, pattern } of entry.patterns) {
    const compiled = loadRe2().RE2JS.compile(pattern);
    steps.push((text) => compiled.matcher(text).replaceAll(`[${name}]`));
  }
  return (text) => steps.reduce((left, step) => step(left), text);
}

/**
 * Takes personal data and secrets out of a request before another company's machines see it, for the tenants that asked for it. Texts alone
 * are changed, never the form of a request; images and files are passed on as they are.
 */
export function createGuardrail(config: () => AccountsConfig['redact']): Guardrail {
  let made: { of: AccountsConfig['redact']; byTenant: Map<string, Redact[]> } | undefined;

  function redactorsFor(tenant: string): readonly Redact[] {
    const of = config();
    if (made?.of !== of) {
      const byTenant = new Map<string, Redact[]>();
      for (const entry of of) {
        const redact = redactorOf(entry);
        for (const one of entry.tenants) byTenant.set(one, [...(byTenant.get(one) ?? []), redact]);
      }
      made = { of, byTenant };
    }
    return made.byTenant.get(tenant) ?? [];
  }

  return {
    check(call, body, provider) {
      if (provider.local || call.tenant === null) return { ok: true, body };
      const redactors = redactorsFor(call.tenant);
      if (redactors.length === 0) return { ok: true, body };
      const redact = (text: string) => redactors.reduce((left, one) => one(left), text);
      const seen = { tooDeep: false };
      const clean = walk(body, redact, seen, 0);
      if (seen.tooDeep)
        return {
          ok: false,
          reason: `the request is nested deeper than ${MAX_DEPTH} levels, and is not passed on unread`,
        };
      return { ok: true, body: clean };
    },
  };
}

/** The same value where nothing was found in it. */
function walk(value: unknown, redact: Redact, seen: { tooDeep: boolean }, depth: number): unknown {
  if (typeof value === 'string') return redact(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) {
    seen.tooDeep = true;
    return value;
  }
  if (Array.isArray(value)) {
    const inner = value.map((one) => walk(one, redact, seen, depth + 1));
    return inner.every((one, i) => one === value[i]) ? value : inner;
  }
  let changed: Record<string, unknown> | undefined;
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner === 'string' && (NAMES.has(name) || inner.startsWith('data:'))) continue;
    // Base64 of an image or a document is no text.
    if (name === 'data' && (value as { type?: unknown }).type === 'base64') continue;
    const clean = walk(inner, redact, seen, depth + 1);
    if (clean === inner) continue;
    changed ??= { ...(value as Record<string, unknown>) };
    changed[name] = clean;
  }
  return changed ?? value;
}

/** What is wrong with patterns of the operator's own. */
export function patternProblem(pattern: string): string | undefined {
  const { RE2JS, RE2JSException } = loadRe2();
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return `is no pattern that RE2 knows: ${error.message}`;
  }
}
