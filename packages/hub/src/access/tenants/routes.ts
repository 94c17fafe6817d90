import { page, TenantDeclaration, TenantId, TenantPatch, TenantView } from '@orrery/protocol';
import { z } from 'zod';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import type { Caller } from '../caller.ts';
import type { createTenants } from './tenants.ts';

const tag = 'Access';
const params = z.strictObject({ id: TenantId });

export function tenantRoutes(tenants: ReturnType<typeof createTenants>): Route<Caller>[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/tenants',
      auth: 'configure',
      tag,
      summary: 'Tenants with what is assigned to them',
      response: page(TenantView),
      handle: ({ caller }) => tenants.list(caller),
    }),
    defineRoute({
      method: 'post',
      path: '/api/tenants',
      auth: 'configure of all',
      tag,
      summary: 'Declare a tenant',
      body: TenantDeclaration,
      response: TenantView,
      status: 201,
      handle: ({ caller, body }) => tenants.create(caller, body),
    }),
    defineRoute({
      method: 'get',
      path: '/api/tenants/{id}',
      auth: 'configure',
      tag,
      summary: 'One tenant',
      params,
      response: TenantView,
      handle: ({ caller, params: { id } }) => tenants.get(caller, id),
    }),
    defineRoute({
      method: 'patch',
      path: '/api/tenants/{id}',
      auth: 'configure',
      tag,
      summary: 'Change name, tier or features of a tenant that no file declares',
      params,
      body: TenantPatch,
      response: TenantView,
      handle: ({ caller, params: { id }, body }) => tenants.update(caller, id, body),
    }),
    defineRoute({
      method: 'delete',
      path: '/api/tenants/{id}',
      auth: 'configure',
      tag,
      summary: 'Remove a tenant to which nothing and nobody belongs any more',
      params,
      status: 204,
      handle: ({ caller, params: { id } }) => tenants.remove(caller, id),
    }),
  ];
}
