import {
  ForgotInput,
  InvitationAccept,
  InvitationFace,
  InvitationLook,
  Me,
  ResetInput,
  SignInWays,
} from '@orrery/protocol';
import { z } from 'zod';
import { defineRoute, type Route } from '../platform/http/route.ts';
import type { Access } from './access.ts';
import { SignInAnswer, SignInInput, signInByPassword, welcome } from './answers.ts';
import type { Caller } from './caller.ts';

const tag = 'Access';
const Done = z.object({ success: z.literal(true) });
const bodyLimit = 8192;

function away(location: string, cookies: readonly string[]): Response {
  const response = new Response(null, { status: 303, headers: { location, 'cache-control': 'no-store' } });
  for (const cookie of cookies) response.headers.append('set-cookie', cookie);
  return response;
}

/** The ways in for those who are nobody yet. */
export function doorRoutes(access: Access): Route<Caller>[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/auth/ways',
      auth: 'public',
      tag,
      summary: 'What the sign-in page may offer beside the password',
      response: SignInWays,
      handle: async () => access.signInWays(),
    }),
    defineRoute({
      method: 'get',
      path: '/api/auth/oidc/start',
      auth: 'public',
      tag,
      summary: 'Leads the browser to the identity provider',
      query: z.object({ next: z.string().max(1024).optional() }),
      produces: 'text/html',
      perMinute: 60,
      handle: async ({ query }) => {
        const { location, cookie } = await access.oidc.start(query.next);
        return away(location, [cookie]);
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/auth/oidc/callback',
      auth: 'public',
      tag,
      summary: 'Where the identity provider sends the browser back to',
      query: z.object({
        code: z.string().max(4096).optional(),
        state: z.string().max(512).optional(),
        iss: z.string().max(2048).optional(),
        error: z.string().max(512).optional(),
      }),
      produces: 'text/html',
      perMinute: 60,
      handle: async ({ caller, request, query }) => {
        const { location, cookies } = await access.oidc.arrive(caller, request, query);
        return away(location, cookies);
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/auth/forgot-password',
      auth: 'public',
      tag,
      summary: 'Asks for a mail with a link to a new password; the answer is the same for every address',
      body: ForgotInput,
      response: Done,
      status: 202,
      bodyLimit,
      perMinute: 30,
      handle: async ({ body }) => {
        await access.reset.ask(body.email);
        return { success: true };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/auth/reset-password',
      auth: 'public',
      tag,
      summary: 'Sets a new password by the link of a mail, and ends every session of the person',
      body: ResetInput,
      response: Done,
      bodyLimit,
      perMinute: 30,
      handle: async ({ caller, body }) => {
        await access.reset.set(caller, body);
        return { success: true };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/invitations/look',
      auth: 'public',
      tag,
      summary: 'Whom the link of an invitation invites',
      body: InvitationLook,
      response: InvitationFace,
      bodyLimit,
      perMinute: 60,
      handle: ({ body }) => access.invitations.look(body.token),
    }),
    defineRoute({
      method: 'post',
      path: '/api/invitations/accept',
      auth: 'public',
      tag,
      summary: 'Makes the account that a link invites to, and signs it in',
      body: InvitationAccept,
      response: Me,
      bodyLimit,
      perMinute: 30,
      handle: async ({ caller, request, body }) =>
        welcome(access, request, caller.ip, await access.acceptInvitation(caller, request, body)),
    }),
    defineRoute({
      method: 'post',
      path: '/admin/login',
      auth: 'public',
      tag,
      summary: 'The same as /api/auth/sign-in/email, at the address of the page',
      body: SignInInput,
      response: SignInAnswer,
      bodyLimit,
      perMinute: 240,
      handle: ({ caller, request, body }) => signInByPassword(access, caller, request, body),
    }),
  ];
}
