import type { TenantDeclaration, TenantView, TierMap } from '@orrery/protocol';
import { z } from 'zod';
import { iso } from '../../platform/clock.ts';
import type { AccessTables } from '../tables.ts';

export type TenantRow = AccessTables['tenants'];

const Features = z.array(z.string());

/** The columns of a declaration. */
export const stateOf = ({ id, name, tier, features }: TenantDeclaration) => ({
  id,
  name: name ?? id,
  tier: tier ?? null,
  features: JSON.stringify([...new Set(features)]),
});

/** What the audit trail says of a tenant. */
export const sayTenant = ({ name, tier, features }: TenantRow) => ({
  name,
  tier,
  features: Features.parse(JSON.parse(features)),
});

export function viewOf(row: TenantRow, projects: readonly string[], tiers: TierMap): TenantView {
  const platform = row.tier === null ? undefined : tiers[row.tier];
  return {
    id: row.id,
    name: row.name,
    ...(row.tier === null ? {} : { tier: row.tier }),
    ...(platform === undefined ? {} : { platform }),
    features: Features.parse(JSON.parse(row.features)),
    projects: projects.toSorted(),
    declaredIn: { source: row.declared_source, ...(row.declared_ref === null ? {} : { ref: row.declared_ref }) },
    createdAt: iso(row.created_at),
    updatedAt: iso(row.updated_at),
  };
}
