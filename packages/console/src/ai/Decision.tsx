import type { AiCall } from '@orrery/protocol';
import classes from '../alerts/AlertPanel.module.css';
import { State } from '../ui/Mark.tsx';
import own from './Ai.module.css';

type Known = {
  candidates?: { provider?: unknown; model?: unknown }[];
  leftOut?: { provider?: unknown; reason?: unknown }[];
  order?: unknown;
};

/** Why this provider: who could serve, in which order, who failed, who was left out and why. */
export function Decision({ call }: { call: AiCall }) {
  const decision = (call.decision ?? {}) as Known;
  const candidates = Array.isArray(decision.candidates) ? decision.candidates : [];
  const leftOut = Array.isArray(decision.leftOut) ? decision.leftOut : [];
  const failed = new Map(call.failovers.map(({ provider, reason }) => [provider, reason]));
  if (candidates.length === 0 && leftOut.length === 0 && call.decision == null) return null;
  return (
    <section aria-label="Routing decision">
      <h3 className={classes.heading}>Routing decision</h3>
      <ol className={own.steps}>
        {candidates.map((one, i) => {
          const name = String(one.provider);
          const served = name === call.provider && !failed.has(name);
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: candidates stand in their order, and two may be of one provider.
            <li key={i}>
              <State tone={served ? 'ok' : failed.has(name) ? 'bad' : 'quiet'}>
                {name} · {String(one.model)}
              </State>
              <span className={own.aside}>{served ? 'served' : (failed.get(name) ?? 'was not needed')}</span>
            </li>
          );
        })}
        {leftOut.map(({ provider, reason }) => (
          <li key={`${String(provider)} ${String(reason)}`}>
            <State tone="none">{String(provider)}</State>
            <span className={own.aside}>left out: {String(reason)}</span>
          </li>
        ))}
      </ol>
      {typeof decision.order === 'string' && <p className={own.aside}>Ordered by {decision.order}.</p>}
    </section>
  );
}
