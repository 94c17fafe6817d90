/** Meaning of the keys under `access`. */
export const ACCESS_DESCRIPTIONS: Record<string, string> = {
  access: 'How people come in; docs/identity.md has the whole of it.',
  'access.oidc': 'An OpenID provider (Keycloak and others) whose people and tokens are accepted.',
  'access.oidc.issuer': 'Its issuer, exactly as the provider writes it; `OIDC_ISSUER` when absent.',
  'access.oidc.audience':
    'The audience that a bearer token must name; `OIDC_AUDIENCE` when absent. Without one no bearer token is accepted.',
  'access.oidc.clientId':
    'Who the console is toward the provider; `OIDC_CLIENT_ID` when absent. Without one nobody signs in to the console by it.',
  'access.oidc.clientSecret':
    "The client's secret; `OIDC_CLIENT_SECRET` when absent, and without either the console is a public client (PKCE alone).",
  'access.oidc.label': 'What stands on the button: "Sign in with …".',
  'access.oidc.scopes': 'What the console asks for.',
  'access.oidc.algorithms': 'Signatures that are accepted. All are asymmetric; what a token says of itself has no say.',
  'access.oidc.clockTolerance': 'How far the clocks of the provider and the hub may be apart.',
  'access.oidc.keysMaxAge':
    "How long the provider's keys count while it cannot be reached; after that no token is accepted.",
  'access.oidc.claims': 'Where a token says what; dots lead into maps, `{clientId}` stands for the client id.',
  'access.oidc.claims.roles': 'Claims that list roles; all are read, and the highest role counts.',
  'access.oidc.claims.tenant': 'The claim that names the tenant.',
  'access.oidc.claims.name': 'The claim that names the person.',
  'access.oidc.roles': 'Which names in those lists stand for a role here. A token without any of them may do nothing.',
  'access.oidc.roles.viewer': 'Names that make a viewer.',
  'access.oidc.roles.agent': 'Names that make an agent.',
  'access.oidc.roles.operator': 'Names that make an operator.',
  'access.oidc.roles.admin': 'Names that make an admin.',
  'access.oidc.staffTenant':
    "The tenant claim of the operating company's own people. Set, a token without a tenant is refused; absent, a token without a tenant is the operating company's.",
  'access.oidc.linkVerifiedEmail':
    'Lets a person who comes by the provider take over the local account of the same address, if the provider says that it verified the address.',
};
