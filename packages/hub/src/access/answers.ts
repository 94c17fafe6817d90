import { Me } from '@orrery/protocol';
import { z } from 'zod';
import type { Access } from './access.ts';
import type { Caller } from './caller.ts';
import type { SignIn } from './sessions.ts';

export const SignInInput = z.strictObject({
  email: z.email().max(320),
  password: z.string().min(1).max(256),
  rememberMe: z.boolean().optional(),
});
/** Somebody is in, or a second factor is asked for first. */
export const SignInAnswer = z.union([Me, z.object({ secondFactor: z.literal(true) })]);

/** An answer that sets or clears the cookie. */
export function withCookies(body: unknown, headers: Headers, status = 200): Response {
  const response = Response.json(body, { status, headers: { 'cache-control': 'no-store' } });
  for (const cookie of headers.getSetCookie()) response.headers.append('set-cookie', cookie);
  return response;
}

/** The caller that the new cookie stands for. */
export async function welcome(
  access: Access,
  request: Request,
  ip: string | undefined,
  headers: Headers,
): Promise<Response> {
  const cookie = headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  const signedIn = await access.resolve(new Request(request.url, { headers: { cookie } }), ip ?? '');
  return withCookies(access.me(signedIn), headers);
}

/** Signs in by password: somebody is in, or the second factor is asked for. */
export async function signInByPassword(
  access: Access,
  caller: Caller,
  request: Request,
  input: SignIn,
): Promise<Response> {
  const { headers, pending } = await access.sessions.signIn(caller, request, input);
  return pending ? withCookies({ secondFactor: true }, headers) : welcome(access, request, caller.ip, headers);
}
