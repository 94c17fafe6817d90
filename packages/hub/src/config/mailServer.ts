import { ChannelDeclaration } from '@orrery/protocol';
import type { FileConfig } from './file.ts';

/** By which server the hub writes to people: `SMTP_URL`, else that of the first mail channel, whose sender it takes. */
export function mailServer(
  file: Pick<FileConfig, 'channels'>,
  smtpUrl: string | undefined,
): { smtpUrl: string; from: string } | undefined {
  const channel = file.channels.map(({ declaration }) => declaration).find(({ kind }) => kind === 'email');
  const declared = channel?.kind === 'email' ? channel : undefined;
  const url = smtpUrl ?? declared?.smtpUrl;
  if (url === undefined) return undefined;
  const from = declared?.from ?? DEFAULT_FROM;
  return { smtpUrl: url, from };
}

const { from: DEFAULT_FROM } = ChannelDeclaration.parse({
  name: 'people',
  kind: 'email',
  smtpUrl: 'smtp://localhost',
  to: ['x@localhost'],
}) as { from: string };
