import { Button } from '@mantine/core';
import type { ChannelView } from '@orrery/protocol';
import { IconLock, IconSend } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useMay } from '../access/me.ts';
import { api } from '../api.ts';
import { channelsQuery, queryClient } from '../queries.ts';
import { Age } from '../ui/Age.tsx';
import { Empty } from '../ui/Empty.tsx';
import { plural } from '../ui/format.ts';
import { State } from '../ui/Mark.tsx';
import { Note, QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Snippet } from '../ui/Snippet.tsx';
import { usePutSearch } from '../ui/usePutSearch.ts';
import { Deliveries } from './Deliveries.tsx';
import classes from './Settings.module.css';

const DECLARE = `channels:
  - { name: ops, kind: slack, url: \${SLACK_WEBHOOK_URL}, severities: [critical, warning] }
  - { name: mail, kind: email, smtpUrl: \${SMTP_URL}, to: [ops@example.com] }
  - { name: pager, kind: webhook, url: https://pager.example.com/hook, secret: \${HOOK_SECRET} }`;

/** Where alerts are told; each with a test and a log of what was sent. */
export function Channels({ chosen }: { chosen: string | undefined }) {
  const query = useQuery(channelsQuery);
  const items = query.data?.items;
  return (
    <>
      <QueryNote query={query} what="the channels" />
      {query.isPending && <Waiting rows={4} what="the channels" />}
      {items?.length === 0 && (
        <Panel title="Channels" flush>
          <Empty title="Nobody is told yet">
            <p>
              A channel takes every alert that opens, is acknowledged or resolves, or only those of some severities and
              projects. Channels are declared in orrery.yaml, which is read again when it is saved:
            </p>
            <Snippet label="Channels in orrery.yaml" code={DECLARE} />
          </Empty>
        </Panel>
      )}
      {items && items.length > 0 && (
        <div className={classes.cards}>
          {items.map((channel) => (
            <Channel key={channel.name} channel={channel} shown={channel.name === chosen} />
          ))}
        </div>
      )}
      {items && items.length > 0 && <Deliveries key={chosen ?? ''} name={chosen} />}
    </>
  );
}

function Channel({ channel, shown }: { channel: ChannelView; shown: boolean }) {
  const may = useMay();
  const put = usePutSearch();
  const test = useMutation({
    mutationFn: () => api.testChannel(channel.name),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['channels'] }),
  });
  const filters = [
    channel.severities ? channel.severities.join(', ') : 'every severity',
    channel.projects ? channel.projects.join(', ') : 'every project',
  ].join(' · ');
  return (
    <Panel
      title={channel.name}
      note={channel.kind}
      tools={
        channel.lastError ? (
          <State tone="bad" soft>
            Failing
          </State>
        ) : channel.pending > 0 ? (
          <State tone="warn" soft>
            {plural(channel.pending, 'message')} waiting
          </State>
        ) : (
          <State tone={channel.lastDeliveredAt ? 'ok' : 'none'} soft>
            {channel.lastDeliveredAt ? 'Delivering' : 'Nothing sent yet'}
          </State>
        )
      }
    >
      <div className={classes.stack}>
        <p className={classes.target}>
          <code>{channel.target}</code>
        </p>
        <dl className={classes.facts}>
          <dt>Takes</dt>
          <dd>{filters}</dd>
          <dt>Last delivered</dt>
          <dd>
            <Age at={channel.lastDeliveredAt} />
          </dd>
          <dt>Declared in</dt>
          <dd className={classes.lock}>
            <IconLock size={13} aria-hidden="true" /> {channel.declaredIn}
          </dd>
        </dl>
        {channel.lastError && <Note tone="bad">{channel.lastError}</Note>}
        {test.data && <Note tone={test.data.ok ? 'ok' : 'bad'}>{test.data.detail}</Note>}
        {test.isError && <Note tone="bad">{test.error.message}</Note>}
        <div className={classes.row}>
          {may('configure') && (
            <Button
              leftSection={<IconSend size={14} />}
              loading={test.isPending}
              onClick={() => test.mutate()}
              aria-label={`Send a test to ${channel.name}`}
            >
              Send a test
            </Button>
          )}
          <Button
            variant="subtle"
            aria-expanded={shown}
            aria-label={`${shown ? 'Hide deliveries' : 'Deliveries'} of ${channel.name}`}
            onClick={() => put({ channel: shown ? undefined : channel.name })}
          >
            {shown ? 'Hide deliveries' : 'Deliveries'}
          </Button>
        </div>
      </div>
    </Panel>
  );
}
