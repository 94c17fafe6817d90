import { parseSubject } from '@orrery/protocol';

/** What is needed of a message, whatever library it came by. */
export type Heard = {
  subject: string;
  data: Uint8Array;
  header(name: string): string | undefined;
  /** Which message of its stream it is: the same for every delivery, and never again for another. */
  place(): string;
};

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Pure: a message of the mesh as the CloudEvent that it is; one whose payload is no JSON as that payload, which no door takes. A message
 * without an id of its own is known by its place in the stream.
 */
export function toCloudEvent({ subject, data, header, place }: Heard): unknown {
  let payload: unknown;
  try {
    payload = JSON.parse(utf8.decode(data));
  } catch {
    return 'is no JSON';
  }
  const time = header('ce-time');
  const type = header('ce-type');
  return {
    specversion: header('ce-specversion') ?? '1.0',
    id: header('ce-id') ?? header('Nats-Msg-Id') ?? place(),
    source: header('ce-source') ?? 'nats',
    type: type === undefined || agrees(type, subject) ? subject : `${type} on ${subject}`.slice(0, 256),
    ...(time === undefined ? {} : { time }),
    data: payload,
  };
}

/** A type may leave the namespace out; it may not name another subject than the one that the server let through. */
const agrees = (type: string, subject: string): boolean =>
  type === subject || (subject.endsWith(`.${type}`) && parseSubject(type) !== undefined);
