/** What a model is asked about an incident, and for whose projects. */
export type Question = { system: string; user: string; projects: readonly string[]; maxTokens: number };
/** `refused`: nobody was asked, or nobody answered; in words why. */
export type ModelAnswer =
  | { kind: 'answered'; text: string; provider: string; model: string }
  | { kind: 'refused'; reason: string };
export type AskModel = (question: Question, signal: AbortSignal) => Promise<ModelAnswer>;
