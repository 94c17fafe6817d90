import { CloseButton } from '@mantine/core';
import type { AiCall } from '@orrery/protocol';
import { useQuery } from '@tanstack/react-query';
import classes from '../alerts/AlertPanel.module.css';
import { aiCallQuery } from '../queries.ts';
import { Clock } from '../ui/Age.tsx';
import { formatMs, formatNumber, NONE } from '../ui/format.ts';
import { State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import own from './Ai.module.css';
import { Decision } from './Decision.tsx';
import { formatUsd } from './money.ts';
import { OUTCOME_TONE, OUTCOME_WORD } from './outcome.ts';

/** One call beside the list: its audit record, in words. */
export function CallPanel({ id, onClose }: { id: string; onClose: () => void }) {
  const query = useQuery(aiCallQuery(id));
  const call = query.data;
  return (
    <aside className={classes.panel} aria-label="AI call">
      <div className={classes.head}>
        {call && (
          <State tone={OUTCOME_TONE[call.outcome] ?? 'none'} soft>
            {OUTCOME_WORD[call.outcome] ?? call.outcome}
          </State>
        )}
        <span className={classes.id}>{id}</span>
        <CloseButton aria-label="Close the call" onClick={onClose} />
      </div>
      <QueryNote query={query} what="the call" />
      {query.isPending && <Waiting rows={6} what="the call" />}
      {call && (
        <div className={classes.body}>
          <h2 className={classes.title}>{call.model ?? call.modelAsked}</h2>
          {call.error && <p className={classes.text}>{call.error}</p>}
          <CallFacts call={call} />
          <Decision call={call} />
        </div>
      )}
    </aside>
  );
}

/** The figures of a call. */
export function CallFacts({ call }: { call: AiCall }) {
  const { usage } = call;
  const cached = usage.cacheReadTokens > 0 ? `, ${formatNumber(usage.cacheReadTokens)} of them from its cache` : '';
  const facts: [string, React.ReactNode][] = [
    ['When', <Clock key="at" at={call.at} />],
    ['Provider', call.provider ?? NONE],
    ['Asked for', call.modelAsked],
    ['Who', [call.tenant, call.project, call.user, call.caller.name].filter(Boolean).join(' · ')],
    ['Intent', `${call.intent}, ${call.protocol}${call.stream ? ', streamed' : ''}`],
    ['Tokens in', `${formatNumber(usage.inputTokens)}${cached}`],
    ['Tokens out', `${formatNumber(usage.outputTokens)}${usage.estimated ? ' (estimated)' : ''}`],
    ['Cost', call.costUsd === null ? 'unpriced' : `${formatUsd(call.costUsd)} by ${call.priceSource}`],
    ['Latency', formatMs(call.latencyMs)],
    ['First content', formatMs(call.firstTokenMs)],
    ['Of it the hub', formatMs(call.overheadMs)],
    ['Status', `${call.status}${call.cached ? ', from the cache' : ''}`],
  ];
  return (
    <dl className={classes.facts}>
      {facts.map(([name, value]) => (
        <div key={name} style={{ display: 'contents' }}>
          <dt>{name}</dt>
          <dd className={own.name}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
