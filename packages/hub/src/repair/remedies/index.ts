import { parseDuration, type RemedyDeclaration } from '@orrery/protocol';
import { action } from './action.ts';
import { command } from './command.ts';
import { docker } from './docker.ts';
import { postgres } from './postgres.ts';
import type { Acted, Remedy, RemedyContext, RemedyFamily } from './remedy.ts';
import { systemd } from './systemd.ts';
import { webhook } from './webhook.ts';

export type { Acted, RemedyContext } from './remedy.ts';

/** Every remedy of the house. */
const REMEDIES = { docker, action, webhook, command, systemd, postgres } satisfies RemedyFamily;

const remedyOf = (declared: RemedyDeclaration) => REMEDIES[declared.kind] as Remedy<RemedyDeclaration>;

/** What a remedy does, in words and without secrets. */
export const describeRemedy = (declared: RemedyDeclaration): string => remedyOf(declared).describe(declared);

/** A remedy keeps its own time; one that does not is waited for so much longer, and then no more. */
const PATIENCE_MS = 5000;

/**
 * Carries a remedy out; what it throws is an outcome like any other. Ends with the signal, and soon after the declared time, whatever the
 * remedy does.
 */
export async function actOn(declared: RemedyDeclaration, context: RemedyContext): Promise<Acted> {
  const timeoutMs = parseDuration(declared.timeout) ?? 0;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs + PATIENCE_MS);
  const signal = AbortSignal.any([context.signal, late.signal]);
  const cut = Promise.withResolvers<Acted>();
  // A remedy that ends by itself when it is cut has the better words: it is heard first.
  const onCut = () =>
    setImmediate(() =>
      cut.resolve({ done: false, detail: late.signal.aborted ? 'it did not end in its time' : 'it was stopped' }),
    );
  if (signal.aborted) onCut();
  else signal.addEventListener('abort', onCut, { once: true });
  try {
    return await Promise.race([remedyOf(declared).act(declared, { ...context, signal }), cut.promise]);
  } catch (error) {
    return { done: false, detail: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onCut);
  }
}
