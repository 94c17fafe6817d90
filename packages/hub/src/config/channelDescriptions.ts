const common = (kind: string) => ({
  name: "The channel's name: lower-case letters, digits, `-` and `_`.",
  kind: `\`${kind}\`.`,
  severities: 'Only alerts of these severities; all when absent.',
  projects: 'Only alerts of these projects; all when absent.',
});
const SECRET =
  'Signs every delivery (Standard Webhooks): base64, with or without `whsec_`, or any text of 24 bytes or more.';

const KINDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  slack: { url: 'The incoming-webhook URL (a secret: write a reference).' },
  email: {
    smtpUrl: 'The mail server: `smtp://user:password@host:587` (a secret: write a reference).',
    from: 'The sender.',
    to: 'Who gets the mail.',
  },
  webhook: { url: 'Where alerts are posted as JSON.', secret: SECRET },
  alertmanager: {
    url: 'The Alertmanager: `http://host:9093`; `/api/v2/alerts` is added where the address has no path.',
    bearer: 'A token to send as `Authorization: Bearer` (a secret: write a reference).',
    basicAuth: 'User name and password to send.',
    'basicAuth.username': 'The user name.',
    'basicAuth.password': 'The password (a secret: write a reference).',
    tls: 'How to speak TLS, as PEM text (usually references).',
    'tls.ca': "Whom to trust in place of the system's authorities.",
    'tls.cert': 'The certificate that the hub shows.',
    'tls.key': 'Its private key (a secret: write a reference).',
    'tls.serverName': 'The name that the certificate must be for; the host when absent.',
    labels:
      'Labels for every alert beside alertname, project, service, severity, category, fingerprint and `instance: orrery`; one of the same name wins.',
  },
  grafana: {
    url: 'Grafana: `https://grafana.example`.',
    token: 'A service account token that may read and write annotations (a secret: write a reference).',
    dashboardUid: 'The dashboard that is marked; the whole organization when absent.',
    tags: 'Tags of every mark, beside project, service, severity and the id of the alert.',
  },
  template: {
    url: 'Where the JSON is sent (a secret: write a reference).',
    method: '`POST` or `PUT`.',
    headers: 'Headers to send; their values are secrets.',
    body: 'The JSON: `{{alert.title}}` inside a string is text, `{{{alert}}}` outside of one is a value. See docs/channels.md.',
    secret: SECRET,
  },
};

/** What each key of a channel means, by kind. */
export const CHANNEL_DESCRIPTIONS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(KINDS).flatMap(([kind, keys]) =>
    Object.entries({ ...common(kind), ...keys }).map(([key, text]) => [`channels[].${kind}.${key}`, text]),
  ),
);
