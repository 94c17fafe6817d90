import { Button, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import { useMay } from '../access/me.ts';
import { type AiTry, api } from '../api.ts';
import { aiCallQuery, aiProvidersQuery } from '../queries.ts';
import { Empty } from '../ui/Empty.tsx';
import { Note } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import classes from './Ai.module.css';
import { CallFacts } from './CallPanel.tsx';
import { Decision } from './Decision.tsx';

/** One call, asked from here as any program would, and beside its answer why it went where it went. */
export function Playground() {
  const providers = useQuery(aiProvidersQuery);
  const ask = useMutation({ mutationFn: (input: AiTry) => api.aiTry(input) });
  const models = [...new Set((providers.data?.items ?? []).flatMap(({ models: own }) => own.map(({ name }) => name)))];
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    ask.mutate({
      intent: String(form.get('intent')) as AiTry['intent'],
      text: String(form.get('text')),
      model: String(form.get('model')).trim() || 'auto',
    });
  };
  return (
    <div className={classes.two}>
      <div className={classes.column}>
        <Panel title="Ask" note="a real call: it costs what it costs">
          <form className={classes.form} onSubmit={submit}>
            <Textarea label="What to ask, or the text to work on" name="text" required rows={7} maxLength={100_000} />
            <div className={classes.row}>
              <NativeSelect
                label="Intent"
                name="intent"
                data={[
                  { value: 'chat', label: 'chat' },
                  { value: 'extract', label: 'extract a lead' },
                  { value: 'summarize', label: 'summarize' },
                  { value: 'route', label: 'route: let the hub decide' },
                ]}
              />
              <TextInput label="Model" name="model" placeholder="auto" list="ai-models" />
              <datalist id="ai-models">
                {models.map((model) => (
                  <option key={model} value={model} />
                ))}
              </datalist>
              <Button type="submit" variant="filled" loading={ask.isPending}>
                Ask
              </Button>
            </div>
          </form>
        </Panel>
        {ask.isError && <Note tone="bad">{ask.error.message}</Note>}
        {ask.data && (
          <Panel title="Answer" flush>
            <pre className={classes.answer}>{ask.data.answer}</pre>
          </Panel>
        )}
      </div>
      <Why auditId={ask.data?.auditId} />
    </div>
  );
}

function Why({ auditId }: { auditId: string | undefined }) {
  const may = useMay();
  const query = useQuery({ ...aiCallQuery(auditId ?? ''), enabled: auditId !== undefined && may('ops:view') });
  return (
    <Panel title="Why there" note={auditId}>
      {query.data ? (
        <div className={classes.column}>
          <Decision call={query.data} />
          <CallFacts call={query.data} />
        </div>
      ) : (
        <Empty title="The routing decision stands here after the first call" />
      )}
    </Panel>
  );
}
