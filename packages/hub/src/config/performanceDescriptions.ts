const PERFORMANCE = 'projects[].performance';

/** What the keys of a project's performance mean. */
export const PERFORMANCE_DESCRIPTIONS: Readonly<Record<string, string>> = {
  [PERFORMANCE]: 'When its users are satisfied, and the database whose statements and indexes are looked at.',
  [`${PERFORMANCE}.apdex`]: 'How its Apdex is reckoned.',
  [`${PERFORMANCE}.apdex.threshold`]:
    'T: a request that takes no longer satisfies, one of up to four times as long is tolerated.',
  [`${PERFORMANCE}.apdex.routes`]: 'Another T for some routes, by method and template: `GET /orders/:id`.',
  [`${PERFORMANCE}.postgres`]:
    'A PostgreSQL whose statements and indexes are looked at, read-only. What is advised is never carried out by the hub.',
  [`${PERFORMANCE}.postgres.url`]:
    'Its address with user, password and database (a secret: write a reference). `sslmode` is understood as libpq does. A user with `pg_monitor` sees the statements of all.',
  [`${PERFORMANCE}.postgres.tls`]: 'Whom to trust and who we are, as PEM text.',
  [`${PERFORMANCE}.postgres.tls.ca`]: "Certificates to trust in place of the system's.",
  [`${PERFORMANCE}.postgres.tls.cert`]: 'Our certificate.',
  [`${PERFORMANCE}.postgres.tls.key`]: 'Its key.',
  [`${PERFORMANCE}.postgres.tls.serverName`]: 'The name that the certificate must have.',
  [`${PERFORMANCE}.postgres.every`]: 'How often it is looked at.',
  [`${PERFORMANCE}.postgres.timeout`]: 'How long one statement of the look may take.',
};
