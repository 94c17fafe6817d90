import type { RemedyDeclaration } from '@orrery/protocol';
import { action } from './action.ts';
import { command } from './command.ts';
import { docker } from './docker.ts';
import type { Acted, Remedy, RemedyContext, RemedyFamily } from './remedy.ts';
import { webhook } from './webhook.ts';

export type { Acted, RemedyContext } from './remedy.ts';

/** Every remedy of the house. */
const REMEDIES = { docker, action, webhook, command } satisfies RemedyFamily;

const remedyOf = (declared: RemedyDeclaration) => REMEDIES[declared.kind] as Remedy<RemedyDeclaration>;

/** What a remedy does, in words and without secrets. */
export const describeRemedy = (declared: RemedyDeclaration): string => remedyOf(declared).describe(declared);

/** Carries a remedy out; what it throws is an outcome like any other. */
export async function actOn(declared: RemedyDeclaration, context: RemedyContext): Promise<Acted> {
  try {
    return await remedyOf(declared).act(declared, context);
  } catch (error) {
    return { done: false, detail: error instanceof Error ? error.message : String(error) };
  }
}
