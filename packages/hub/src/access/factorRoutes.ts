import {
  CodeInput,
  Me,
  PasskeyMade,
  PasskeyUsed,
  PasskeyView,
  PasswordAgain,
  Profile,
  page,
  RecoveryCodes,
  SecondFactorSetup,
  SecondStep,
} from '@orrery/protocol';
import { z } from 'zod';
import { defineRoute, type Route } from '../platform/http/route.ts';
import type { Access } from './access.ts';
import { welcome, withCookies } from './answers.ts';
import type { Caller } from './caller.ts';

const tag = 'Access';
const bodyLimit = 32_768;
const Options = z.looseObject({ challenge: z.string() });

export function factorRoutes(access: Access): Route<Caller>[] {
  const { secondFactor, passkeys } = access;
  return [
    defineRoute({
      method: 'get',
      path: '/api/auth/profile',
      auth: 'person',
      tag,
      summary: "What the caller's own account has",
      response: Profile,
      handle: ({ caller }) => access.profile(caller),
    }),
    defineRoute({
      method: 'post',
      path: '/api/auth/second-factor/begin',
      auth: 'person',
      tag,
      summary: 'Makes a secret for an authenticator app, and recovery codes; only this answer holds them',
      body: PasswordAgain,
      response: SecondFactorSetup,
      perMinute: 30,
      handle: ({ caller, request, body }) => secondFactor.begin(caller, request, body.password),
    }),
    defineRoute({
      method: 'post',
      path: '/api/auth/second-factor/confirm',
      auth: 'person',
      tag,
      summary: 'Switches the second factor on, with the first code of the app',
      body: CodeInput,
      response: Me,
      perMinute: 30,
      handle: async ({ caller, request, body }) =>
        welcome(access, request, caller.ip, await secondFactor.confirm(caller, request, body.code)),
    }),
    defineRoute({
      method: 'post',
      path: '/api/auth/second-factor/disable',
      auth: 'person',
      tag,
      summary: 'Switches the second factor off',
      body: PasswordAgain,
      response: Me,
      perMinute: 30,
      handle: async ({ caller, request, body }) =>
        welcome(access, request, caller.ip, await secondFactor.disable(caller, request, body.password)),
    }),
    defineRoute({
      method: 'post',
      path: '/api/auth/second-factor/recovery-codes',
      auth: 'person',
      tag,
      summary: 'New recovery codes in place of the old ones; only this answer holds them',
      body: PasswordAgain,
      response: RecoveryCodes,
      perMinute: 30,
      handle: ({ caller, request, body }) => secondFactor.newRecoveryCodes(caller, request, body.password),
    }),
    defineRoute({
      method: 'post',
      path: '/api/auth/sign-in/second-factor',
      auth: 'public',
      tag,
      summary: 'The second step of a sign-in: a code of the authenticator app, or a recovery code',
      body: SecondStep,
      response: Me,
      perMinute: 120,
      handle: async ({ caller, request, body }) =>
        welcome(access, request, caller.ip, await secondFactor.complete(caller, request, body)),
    }),
    defineRoute({
      method: 'post',
      path: '/api/auth/sign-in/passkey',
      auth: 'public',
      tag,
      summary: 'Signs in by a passkey; the answer sets the session cookie',
      body: PasskeyUsed,
      response: Me,
      bodyLimit,
      perMinute: 60,
      handle: async ({ caller, request, body }) =>
        welcome(access, request, caller.ip, await passkeys.signIn(caller, request, body.response)),
    }),
    defineRoute({
      method: 'post',
      path: '/api/auth/sign-in/passkey/challenge',
      auth: 'public',
      tag,
      summary: 'What a browser needs to use a passkey; the same for everybody',
      response: Options,
      perMinute: 60,
      handle: async ({ caller, request }) => {
        const { options, headers } = await passkeys.challenge(caller, request);
        return withCookies(options, headers);
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/auth/passkeys',
      auth: 'person',
      tag,
      summary: "The caller's own passkeys",
      response: page(PasskeyView),
      handle: ({ caller }) => passkeys.list(caller),
    }),
    defineRoute({
      method: 'post',
      path: '/api/auth/passkeys',
      auth: 'person',
      tag,
      summary: 'Keeps the public half of a passkey that the browser made',
      body: PasskeyMade,
      response: page(PasskeyView),
      status: 201,
      bodyLimit,
      perMinute: 30,
      handle: ({ caller, request, body }) => passkeys.register(caller, request, body),
    }),
    defineRoute({
      method: 'post',
      path: '/api/auth/passkeys/challenge',
      auth: 'person',
      tag,
      summary: 'What a browser needs to make a passkey',
      response: Options,
      perMinute: 30,
      handle: async ({ caller, request }) => {
        const { options, headers } = await passkeys.registration(caller, request);
        return withCookies(options, headers);
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/api/auth/passkeys/{id}',
      auth: 'person',
      tag,
      summary: "Removes one of the caller's own passkeys",
      params: z.strictObject({ id: z.string().max(128) }),
      status: 204,
      handle: ({ caller, params }) => passkeys.remove(caller, params.id),
    }),
  ];
}
