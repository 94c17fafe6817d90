import type { Tracer } from '../platform/tracing.ts';
import type { Answer } from './calls/serve.ts';
import type { CallFacts } from './types.ts';

/** Names of OpenTelemetry's GenAI conventions. */
const OPERATIONS: Readonly<Record<CallFacts['intent'], string>> = {
  chat: 'chat',
  responses: 'chat',
  messages: 'chat',
  embeddings: 'embeddings',
  extract: 'chat',
  summarize: 'chat',
  route: 'chat',
  diagnose: 'chat',
};

/** Runs a call inside a span of the GenAI conventions. A stream's span ends when its content begins. */
export function traced(tracer: Tracer, facts: CallFacts, work: () => Promise<Answer>): Promise<Answer> {
  const operation = OPERATIONS[facts.intent];
  return tracer.span(
    `${operation} ${facts.modelAsked}`,
    {
      'gen_ai.operation.name': operation,
      'gen_ai.request.model': facts.modelAsked,
      'orrery.ai.audit_id': facts.id,
      'orrery.ai.intent': facts.intent,
      'orrery.ai.stream': facts.stream,
    },
    async (span) => {
      const answer = await work();
      const usage = answer.kind === 'whole' ? answer.usage : undefined;
      span.set({
        'gen_ai.provider.name': answer.provider,
        'gen_ai.response.model': answer.model,
        'gen_ai.usage.input_tokens': usage?.inputTokens,
        'gen_ai.usage.output_tokens': usage?.outputTokens,
        'orrery.ai.failovers': answer.failovers.length,
        'orrery.ai.overhead_ms': answer.overheadMs,
      });
      if (answer.kind === 'refused') {
        span.set({ 'error.type': answer.error.code });
        if (answer.error.status >= 500) span.fail(answer.error.code);
      }
      return answer;
    },
    { kind: 'client' },
  );
}
