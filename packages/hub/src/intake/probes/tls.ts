import type { TLSSocket } from 'node:tls';
import type { TlsProbe } from '@orrery/protocol';
import type { z } from 'zod';
import type { OutboundConnection, OutboundTls } from '../../platform/outbound.ts';
import { daysLeft, describe, readCertificate, refusal } from './certificate.ts';
import { failed, hostAndPort, timing } from './common.ts';
import type { Outcome, ProbeFamily, ProbeSpec } from './probe.ts';

type Spec = ProbeSpec & { host: string; port: number; wanted: string; tls: OutboundTls };

/** A TLS server: whether its chain is trusted, its certificate is for the name, and how many days are left of it. */
export const tls: ProbeFamily<z.output<typeof TlsProbe>, Spec> = {
  compile: (declared) => ({
    ...timing(declared),
    target: hostAndPort(declared.host, declared.port),
    host: declared.host,
    port: declared.port,
    wanted: declared.serverName ?? declared.host,
    // A certificate that is not accepted is looked at all the same: the reason names what is wrong with it.
    tls: { servername: declared.serverName ?? declared.host, ca: declared.ca, rejectUnauthorized: false },
  }),

  async check(spec, { outbound, clock, signal }): Promise<Outcome> {
    const started = clock.monotonic();
    let connection: OutboundConnection;
    try {
      connection = await outbound.open({
        host: spec.host,
        port: spec.port,
        tls: spec.tls,
        timeoutMs: spec.timeoutMs,
        ...(signal ? { signal } : {}),
      });
    } catch (error) {
      return failed(`TLS ${spec.target}`, error, clock.monotonic() - started);
    }
    const socket = connection.socket as TLSSocket;
    try {
      return judge(spec, socket, connection.latencyMs, clock.now());
    } finally {
      socket.destroy();
    }
  },
};

function judge(spec: Spec, socket: TLSSocket, latencyMs: number, now: number): Outcome {
  const shown = readCertificate(socket.getPeerCertificate());
  if (!shown)
    return { status: 'down', latencyMs, reason: 'tls_handshake: the other side showed no certificate', heard: true };
  // Node keeps the code here, whatever the type says.
  const code = socket.authorized ? undefined : String(socket.authorizationError);
  const reason = code === undefined ? undefined : refusal(code, shown, spec.wanted, now);
  return {
    status: reason === undefined ? 'up' : 'down',
    latencyMs,
    ...(reason === undefined ? {} : { reason }),
    heard: true,
    figures: [daysLeft(shown.until, now)],
    checks: { certificate: { ok: reason === undefined, detail: describe(shown) } },
  };
}
