import type { PeerCertificate } from 'node:tls';
import { iso } from '../../platform/clock.ts';
import { tlsReason } from '../../platform/outbound.ts';
import { line } from '../json.ts';
import type { Figure } from './probe.ts';

const DAY = 86_400_000;
const MAX_NAMES = 5;

/** What a certificate says of itself, as it may be shown: its words come from the target. */
export type Shown = { subject: string; issuer: string; names: readonly string[]; from: number; until: number };

/** The series by which certificates are warned of: the days until `until` (epoch ms), in tenths, so that it changes seldom. */
export const daysLeft = (until: number, now: number): Figure => ({
  key: 'tls.days_left',
  value: Math.floor(((until - now) / DAY) * 10) / 10,
  unit: 'days',
});

/** Reads a certificate; undefined when the other side showed none. */
export function readCertificate(certificate: PeerCertificate): Shown | undefined {
  const until = Date.parse(certificate.valid_to ?? '');
  if (Number.isNaN(until)) return undefined;
  const names = (certificate.subjectaltname ?? '').split(', ').flatMap((name) => {
    const [, text] = /^(?:DNS|IP Address):(.+)$/.exec(name) ?? [];
    return text === undefined ? [] : [line(text, 80)];
  });
  return {
    subject: nameOf(certificate.subject),
    issuer: nameOf(certificate.issuer),
    names,
    from: Date.parse(certificate.valid_from),
    until,
  };
}

/** `*.example.com, issued by R11, valid until 2026-12-01T00:00:00.000Z`. */
export const describe = ({ subject, issuer, until }: Shown): string =>
  `${subject}, issued by ${issuer}, valid until ${iso(until)}`;

/** Why a certificate is not accepted: the class of the failure, and the values that broke it. */
export function refusal(code: string, shown: Shown, wanted: string, now: number): string {
  const [ours, words] = tlsReason(code);
  const days = Math.floor((now - shown.until) / DAY);
  if (ours === 'tls_expired' && shown.until <= now)
    return `${ours}: the certificate of ${shown.subject} expired at ${iso(shown.until)}, ${days === 1 ? '1 day' : `${days} days`} ago`;
  if (ours === 'tls_expired') return `${ours}: a certificate in the chain of ${shown.subject} has expired`;
  if (code === 'CERT_NOT_YET_VALID' && shown.from > now)
    return `${ours}: the certificate of ${shown.subject} is not valid before ${iso(shown.from)}`;
  if (ours === 'tls_name') return `${ours}: the certificate is for ${listed(shown)}, not for ${wanted}`;
  return `${ours}: ${words} (${describe(shown)}; ${code})`;
}

function listed({ names, subject }: Shown): string {
  if (names.length === 0) return subject;
  const rest = names.length - MAX_NAMES;
  return `${names.slice(0, MAX_NAMES).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function nameOf(name: PeerCertificate['subject'] | undefined): string {
  const said = name?.CN ?? name?.O ?? name?.OU;
  const text = Array.isArray(said) ? said[0] : said;
  return typeof text === 'string' && text !== '' ? line(text, 80) : 'a nameless one';
}
