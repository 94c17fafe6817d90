import { randomUUID } from 'node:crypto';
import type { AiApi } from '@orrery/protocol';
import type { Caller } from '../../access/index.ts';
import type { Question } from '../routing/decide.ts';
import type { CallFacts, Intent } from '../types.ts';
import type { Json } from '../wire/api.ts';
import type { ReadRequest } from '../wire/request.ts';

/** A call that was read and is to be served. */
export type Prepared = {
  facts: CallFacts;
  api: AiApi;
  body: Json;
  /** The body as the caller wrote it. */
  bytes: Buffer;
  question: Question;
  /** Headers of the caller, in lower case; a provider's family says which of them travel on. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Longest time for the whole, in ms. */
  deadlineMs?: number | undefined;
};

export type PrepareInput = {
  caller: Caller;
  api: AiApi;
  intent: Intent;
  protocol: CallFacts['protocol'];
  read: ReadRequest;
  body: Json;
  bytes: Buffer;
  headers: Prepared['headers'];
  now: number;
  tenant: string | null;
  project?: string | undefined;
  fallback: Question['fallback'];
  localOnly?: boolean | undefined;
  maxLatencyMs?: number | undefined;
  maxCostUsd?: number | undefined;
};

/** A UUIDv7: it sorts by time, and tells nothing else. */
export function newCallId(now: number): string {
  const time = Math.trunc(now).toString(16).padStart(12, '0');
  // The random half of a UUIDv4, whose randomness the runtime draws in bulk.
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}

/** Puts together what routing, accounts and providers need of a call. Pure but for its id. */
export function prepare(input: PrepareInput): Prepared {
  const { caller, read, tenant, project, api } = input;
  const key = caller.kind === 'key' ? caller.id : undefined;
  const facts: CallFacts = {
    id: newCallId(input.now),
    at: input.now,
    caller,
    tenant,
    ...(project === undefined ? {} : { project }),
    ...(read.user === undefined ? {} : { user: read.user }),
    ...(key === undefined ? {} : { key }),
    intent: input.intent,
    protocol: input.protocol,
    modelAsked: read.model,
    stream: read.stream,
    estimate: { inputTokens: read.inputTokens, maxOutputTokens: read.maxOutputTokens },
  };
  return {
    facts,
    api,
    body: input.body,
    bytes: input.bytes,
    headers: input.headers,
    deadlineMs: input.maxLatencyMs,
    question: {
      model: read.model,
      api,
      needs: read.needs,
      ...facts.estimate,
      localOnly: input.localOnly === true,
      maxLatencyMs: input.maxLatencyMs,
      maxCostUsd: input.maxCostUsd,
      sticky: { user: read.user ?? caller.id, key: caller.id, tenant: tenant ?? '' },
      fallback: input.fallback,
    },
  };
}
