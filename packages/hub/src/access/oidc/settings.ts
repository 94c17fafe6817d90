import { type OidcDeclaration, parseDuration } from '@orrery/protocol';

/** What the hub is told of its identity provider, in its own units. */
export type OidcSettings = Omit<OidcDeclaration, 'issuer' | 'clockTolerance' | 'keysMaxAge'> & {
  issuer: string;
  clockToleranceMs: number;
  /** How long keys count that could not be fetched anew. */
  keysMaxAgeMs: number;
};

/** The `provider_id` of accounts that came by the provider, and their `account_id`: subjects are unique within one issuer only. */
export const OIDC_PROVIDER = 'oidc';
export const oidcAccount = (issuer: string, subject: string): string => `${issuer} ${subject}`;

/** The settings of a declaration, one object for as long as the declaration is the same; undefined without an issuer. */
export function createSettings(declared: () => OidcDeclaration | undefined): () => OidcSettings | undefined {
  let from: OidcDeclaration | undefined;
  let made: OidcSettings | undefined;
  return () => {
    const declaration = declared();
    if (declaration === from) return made;
    from = declaration;
    made = undefined;
    if (declaration?.issuer === undefined) return made;
    const { issuer, clockTolerance, keysMaxAge, ...rest } = declaration;
    made = {
      ...rest,
      issuer,
      clockToleranceMs: parseDuration(clockTolerance) ?? 0,
      keysMaxAgeMs: parseDuration(keysMaxAge) ?? 0,
    };
    return made;
  };
}
