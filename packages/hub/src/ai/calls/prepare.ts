import { randomBytes } from 'node:crypto';
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
  const bytes = randomBytes(16);
  bytes.writeUIntBE(now, 0, 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
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
