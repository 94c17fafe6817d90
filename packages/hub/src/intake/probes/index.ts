import type { ProbeDeclaration } from '@orrery/protocol';
import { dns } from './dns.ts';
import { docker } from './docker.ts';
import { heartbeat } from './heartbeat.ts';
import { http } from './http.ts';
import { instance } from './instance.ts';
import { postgres } from './postgres.ts';
import type { CheckContext, Outcome, ProbeFamily, ProbeSpec } from './probe.ts';
import { prometheus } from './prometheus.ts';
import { promql } from './promql.ts';
import { redis } from './redis.ts';
import { tcp } from './tcp.ts';
import { tls } from './tls.ts';

/** Every kind of probe that a declaration may name. */
export const PROBES = {
  http,
  instance,
  heartbeat,
  prometheus,
  tcp,
  dns,
  tls,
  postgres,
  redis,
  docker,
  promql,
} as const satisfies {
  [K in ProbeDeclaration['kind']]: ProbeFamily<Extract<ProbeDeclaration, { kind: K }>, ProbeSpec>;
};

export type BoundProbe = ProbeSpec & { check(context: CheckContext): Promise<Outcome> };

/** Compiles a declaration by its family; units are converted here, once. */
export function bindProbe(declared: ProbeDeclaration, project: { slug: string; hubUrl: string }): BoundProbe {
  const family = PROBES[declared.kind] as ProbeFamily<ProbeDeclaration, ProbeSpec>;
  const spec = family.compile(declared, project);
  return { ...spec, check: (context) => family.check(spec, context) };
}
