import {
  InvitationCreated,
  InvitationInput,
  InvitationView,
  page,
  ResetLink,
  UserPatch,
  UserView,
} from '@orrery/protocol';
import { z } from 'zod';
import { defineRoute, type Route } from '../platform/http/route.ts';
import type { Access } from './access.ts';
import type { Caller } from './caller.ts';

const tag = 'People';
const Id = z.strictObject({ id: z.string().max(128) });

export function peopleRoutes({ users, invitations }: Access): Route<Caller>[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/users',
      auth: 'configure',
      tag,
      summary: 'People, by name',
      response: page(UserView),
      handle: ({ caller }) => users.list(caller),
    }),
    defineRoute({
      method: 'patch',
      path: '/api/users/{id}',
      auth: 'configure',
      tag,
      summary: "Changes a person's role or tenant, or shuts them out; each ends their sessions at once",
      params: Id,
      body: UserPatch,
      response: UserView,
      handle: ({ caller, params, body }) => users.update(caller, params.id, body),
    }),
    defineRoute({
      method: 'post',
      path: '/api/users/{id}/reset-link',
      auth: 'configure',
      tag,
      summary:
        'Makes a link by which a person sets a new password; shown once, and mailed where there is a mail server',
      params: Id,
      response: ResetLink,
      status: 201,
      handle: ({ caller, params }) => users.resetLink(caller, params.id),
    }),
    defineRoute({
      method: 'delete',
      path: '/api/users/{id}/second-factor',
      auth: 'configure',
      tag,
      summary: 'Takes second factor and passkeys from a person who has lost them',
      params: Id,
      response: UserView,
      handle: ({ caller, params }) => users.clearFactors(caller, params.id),
    }),
    defineRoute({
      method: 'get',
      path: '/api/invitations',
      auth: 'configure',
      tag,
      summary: 'Invitations, newest first; never their links',
      response: page(InvitationView),
      handle: ({ caller }) => invitations.list(caller),
    }),
    defineRoute({
      method: 'post',
      path: '/api/invitations',
      auth: 'configure',
      tag,
      summary: 'Invites somebody; only this answer holds the link',
      body: InvitationInput,
      response: InvitationCreated,
      status: 201,
      perMinute: 60,
      handle: ({ caller, body }) => invitations.create(caller, body),
    }),
    defineRoute({
      method: 'delete',
      path: '/api/invitations/{id}',
      auth: 'configure',
      tag,
      summary: 'Revokes an open invitation',
      params: Id,
      response: InvitationView,
      handle: ({ caller, params }) => invitations.revoke(caller, params.id),
    }),
  ];
}
