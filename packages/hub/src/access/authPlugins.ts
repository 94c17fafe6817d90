import { z } from 'zod';

/** The second factor (time-based codes, recovery codes) and passkeys, on our own tables. */
export async function secondFactorPlugins(publicUrl: string) {
  const [{ twoFactor }, { passkey }, { APIError }] = await Promise.all([
    import('better-auth/plugins/two-factor'),
    import('@better-auth/passkey'),
    import('better-auth/api'),
  ]);
  const { hostname, origin } = new URL(publicUrl);
  const factor = twoFactor({
    issuer: 'Orrery',
    backupCodeOptions: { amount: 10, length: 10 },
    schema: {
      user: { fields: { twoFactorEnabled: 'two_factor_enabled' } },
      twoFactor: {
        modelName: 'two_factors',
        fields: {
          userId: 'user_id',
          backupCodes: 'backup_codes',
          failedVerificationCount: 'failed_verification_count',
          lockedUntil: 'locked_until',
        },
      },
    },
  });
  /** A passkey stands for a password and a second factor at once, so whoever holds the device must have proved to it who they are. */
  const whoeverIsVerified = (verified: boolean | undefined) => {
    if (verified !== true)
      throw new APIError('UNAUTHORIZED', { message: 'The passkey did not check who is using it.' });
  };
  const keys = passkey({
    rpID: hostname,
    rpName: 'Orrery',
    origin,
    advanced: { webAuthnChallengeCookie: 'passkey_challenge' },
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    registration: {
      afterVerification: ({ verification }) => whoeverIsVerified(verification.registrationInfo?.userVerified),
    },
    authentication: {
      afterVerification: ({ verification }) => whoeverIsVerified(verification.authenticationInfo?.userVerified),
    },
    schema: {
      passkey: {
        modelName: 'passkeys',
        fields: {
          publicKey: 'public_key',
          userId: 'user_id',
          credentialID: 'credential_id',
          deviceType: 'device_type',
          backedUp: 'backed_up',
          createdAt: 'created_at',
        },
      },
    },
  });
  return [factor, keys] as const;
}

/** What the library has no endpoint for: a session of a person whom the identity provider vouches for. It lasts a day and does not slide. */
export async function ownDoors() {
  const [{ createAuthEndpoint }, { setSessionCookie }] = await Promise.all([
    import('better-auth/api'),
    import('better-auth/cookies'),
  ]);
  return {
    id: 'orrery-doors',
    endpoints: {
      openSession: createAuthEndpoint.serverOnly(
        { method: 'POST', body: z.object({ userId: z.string() }) },
        async (ctx) => {
          const user = await ctx.context.internalAdapter.findUserById(ctx.body.userId);
          const session = await ctx.context.internalAdapter.createSession(ctx.body.userId, true);
          if (!user || !session) throw ctx.error('UNAUTHORIZED');
          await setSessionCookie(ctx, { session, user }, true);
          return { ok: true };
        },
      ),
    },
  };
}
