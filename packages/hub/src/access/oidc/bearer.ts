import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { Known } from '../credential.ts';
import { sha256 } from '../digest.ts';
import type { Rights } from '../rights.ts';
import { mapClaims } from './claims.ts';
import type { Oidc } from './oidc.ts';

/** Finds out who a bearer token speaks of; undefined when it is not good, whatever the reason: only the log has it. */
export function createBearer(deps: {
  clock: Clock;
  log: Log;
  oidc: Oidc;
  rights: Rights;
  /** Whether the person was disabled here, although the provider still signs for them. */
  disabled(issuer: string, subject: string): Promise<boolean>;
}) {
  return async (token: string): Promise<Known | undefined> => {
    const settings = deps.oidc.settings();
    if (settings?.audience === undefined) return undefined;
    const refused = (reason: string) => {
      deps.log.info({ reason }, 'a bearer token was refused');
      return undefined;
    };
    const verified = await deps.oidc.verify(token, settings.audience);
    if (!verified.ok) return refused(verified.reason);
    const { claims } = verified;
    // An ID token tells a client who signed in; it is no permission to call anybody.
    if (claims.typ === 'ID' || claims.at_hash !== undefined) return refused('it is an ID token');
    const mapped = mapClaims(claims, settings);
    if (!mapped.ok) return refused(mapped.reason);
    const { subject, name, email, role, tenant } = mapped.identity;
    if (tenant !== null && !(await deps.rights.knowsTenant(tenant))) return refused('its tenant is unknown here');
    if (await deps.disabled(settings.issuer, subject)) return refused('the person was disabled');
    const standing = { roles: [role], tenant, projects: 'all' } as const;
    const who = { kind: 'token', id: `token:${subject}`, name, ...(email === undefined ? {} : { email }) } as const;
    const { caller, rights } = await deps.rights.callerOf({ ...who, ...standing });
    const expiresAt = claims.exp * 1000 + settings.clockToleranceMs;
    return { caller, credential: { kind: 'token', id: sha256(token), rights, standing, expiresAt } };
  };
}
