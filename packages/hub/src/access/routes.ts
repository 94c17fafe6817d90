import { KeyCreated, KeyInput, KeyRotation, KeyView, Me, page, SetupInput, SetupState, Time } from '@orrery/protocol';
import { z } from 'zod';
import { defineRoute, type Route } from '../platform/http/route.ts';
import type { Access } from './access.ts';
import { SignInAnswer, SignInInput, signInByPassword, welcome, withCookies } from './answers.ts';
import { auditRoutes } from './auditRoutes.ts';
import type { Caller } from './caller.ts';
import { doorRoutes } from './doorRoutes.ts';
import { factorRoutes } from './factorRoutes.ts';
import { peopleRoutes } from './peopleRoutes.ts';

const tag = 'Access';
const Password = SetupInput.shape.password;
const PasswordInput = z.strictObject({ currentPassword: z.string().min(1).max(256), newPassword: Password });
const Session = z.object({
  id: z.string(),
  current: z.boolean(),
  createdAt: Time,
  expiresAt: Time,
  ipAddress: z.string().optional(),
  userAgent: z.string().optional(),
});
const Done = z.object({ success: z.literal(true) });
const KeyId = z.strictObject({ id: z.string().max(128) });

export function accessRoutes(access: Access): Route<Caller>[] {
  const { sessions } = access;
  return [
    defineRoute({
      method: 'get',
      path: '/api/setup',
      auth: 'public',
      tag,
      summary: 'Whether the first administrator is still to be made',
      response: SetupState,
      handle: async () => ({ needed: await access.setupNeeded() }),
    }),
    defineRoute({
      method: 'post',
      path: '/api/setup',
      auth: 'public',
      tag,
      summary: 'Makes the first administrator with the token of the one-time link, and signs them in',
      body: SetupInput,
      response: Me,
      bodyLimit: 8192,
      perMinute: 60,
      handle: async ({ caller, request, body }) =>
        welcome(access, request, caller.ip, await access.setup(caller, request, body)),
    }),
    defineRoute({
      method: 'get',
      path: '/api/me',
      auth: 'any',
      tag,
      summary: 'Who calls, and what they may do',
      response: Me,
      handle: async ({ caller, request }) =>
        withCookies(access.me(caller), caller.kind === 'user' ? await sessions.refresh(request) : new Headers()),
    }),
    ...keyRoutes(access),
    ...auditRoutes(access),
    ...peopleRoutes(access),
    ...factorRoutes(access),
    ...doorRoutes(access),
    defineRoute({
      method: 'post',
      path: '/api/auth/sign-in/email',
      auth: 'public',
      tag,
      summary: 'Signs in with e-mail address and password; the answer sets the session cookie',
      body: SignInInput,
      response: SignInAnswer,
      bodyLimit: 8192,
      perMinute: 240,
      handle: ({ caller, request, body }) => signInByPassword(access, caller, request, body),
    }),
    defineRoute({
      method: 'post',
      path: '/api/auth/sign-out',
      auth: 'public',
      tag,
      summary: 'Ends this session',
      response: Done,
      handle: async ({ caller, request }) => withCookies({ success: true }, await sessions.signOut(caller, request)),
    }),
    defineRoute({
      method: 'get',
      path: '/api/auth/get-session',
      auth: 'public',
      tag,
      summary: 'Who is signed in, or null',
      response: Me.nullable(),
      handle: async ({ caller, request }) =>
        caller.kind === 'user'
          ? withCookies(access.me(caller), await sessions.refresh(request))
          : withCookies(null, new Headers()),
    }),
    defineRoute({
      method: 'post',
      path: '/api/auth/change-password',
      auth: 'person',
      tag,
      summary: 'Sets a new password and ends every session but a new one for this browser',
      body: PasswordInput,
      response: SignInAnswer,
      bodyLimit: 8192,
      perMinute: 30,
      handle: async ({ caller, request, body }) => {
        const { headers, pending } = await sessions.changePassword(caller, request, body);
        return pending ? withCookies({ secondFactor: true }, headers) : welcome(access, request, caller.ip, headers);
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/auth/list-sessions',
      auth: 'person',
      tag,
      summary: "The caller's own sessions",
      response: page(Session),
      handle: ({ caller, request }) => sessions.listSessions(caller, request),
    }),
    defineRoute({
      method: 'post',
      path: '/api/auth/revoke-session',
      auth: 'person',
      tag,
      summary: "Ends one of the caller's own sessions",
      body: z.strictObject({ id: z.string().max(128) }),
      response: Done,
      handle: async ({ caller, body }) => {
        await sessions.revokeSession(caller, body.id);
        return { success: true };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/auth/revoke-sessions',
      auth: 'person',
      tag,
      summary: "Ends all of the caller's sessions, this one too",
      response: Done,
      handle: async ({ caller, request }) =>
        withCookies({ success: true }, await sessions.revokeSessions(caller, request)),
    }),
  ];
}

function keyRoutes(access: Access): Route<Caller>[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/keys',
      auth: 'configure',
      tag,
      summary: 'API keys, newest first; never the keys themselves',
      response: page(KeyView),
      handle: ({ caller }) => access.listKeys(caller),
    }),
    defineRoute({
      method: 'post',
      path: '/api/keys',
      auth: 'configure',
      tag,
      summary: 'Makes an API key; only this answer holds it',
      body: KeyInput,
      response: KeyCreated,
      status: 201,
      handle: ({ caller, body }) => access.createKey(caller, body),
    }),
    defineRoute({
      method: 'delete',
      path: '/api/keys/{id}',
      auth: 'configure',
      tag,
      summary: 'Revokes an API key at once',
      params: KeyId,
      response: KeyView,
      handle: ({ caller, params }) => access.revokeKey(caller, params.id),
    }),
    defineRoute({
      method: 'post',
      path: '/api/keys/{id}/rotate',
      auth: 'configure',
      tag,
      summary: 'Gives an API key a new secret; the one before counts until the overlap is over',
      params: KeyId,
      body: KeyRotation,
      response: KeyCreated,
      handle: ({ caller, params, body }) => access.rotateKey(caller, params.id, body.overlapHours * 3_600_000),
    }),
  ];
}
