export { createArrival } from './arrival.ts';
export { createBearer } from './bearer.ts';
export { createOidc } from './oidc.ts';
export { createSettings, OIDC_PROVIDER, oidcAccount } from './settings.ts';
export { createOidcSignIn } from './signIn.ts';
export { LONGEST_TOKEN, looksLikeToken } from './verify.ts';
