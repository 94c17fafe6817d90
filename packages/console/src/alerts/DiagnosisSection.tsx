import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { Cause, Diagnosis, Evidence } from '@orrery/protocol';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useId } from 'react';
import { useMay } from '../access/me.ts';
import { ApiError, api } from '../api.ts';
import { diagnosisQuery, queryClient } from '../queries.ts';
import { Age, Clock } from '../ui/Age.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import classes from './Diagnosis.module.css';

/** Why it probably happened: ranked causes with what speaks for each, and a model's words where they cite what was seen. */
export function DiagnosisSection({ incidentId }: { incidentId: string }) {
  const query = useQuery(diagnosisQuery(incidentId));
  const may = useMay();
  const id = useId();
  const again = useMutation({
    mutationFn: () => api.diagnose(incidentId),
    onSuccess: (found) => queryClient.setQueryData(diagnosisQuery(incidentId).queryKey, found),
    onError: (error) => notifications.show({ title: 'It was not diagnosed', message: error.message, role: 'alert' }),
  });
  const none = query.error instanceof ApiError && query.error.status === 404;
  return (
    <section aria-labelledby={id} className={classes.section}>
      <div className={classes.head}>
        <h3 id={id} className={classes.heading}>
          Probable cause
        </h3>
        {query.data && (
          <span className={classes.when}>
            as of <Age at={query.data.at} />
          </span>
        )}
        {may('actions:run') && (
          <Button size="compact-xs" loading={again.isPending} onClick={() => again.mutate()}>
            Diagnose again
          </Button>
        )}
      </div>
      {!none && <QueryNote query={query} what="the diagnosis" />}
      {query.isPending && <Waiting rows={3} what="the diagnosis" />}
      {none && (
        <p className={classes.quiet}>It has not been diagnosed yet; that takes a second or two after it begins.</p>
      )}
      {query.data && <Found diagnosis={query.data} prefix={id} />}
    </section>
  );
}

function Found({ diagnosis, prefix }: { diagnosis: Diagnosis; prefix: string }) {
  const { causes, evidence, explanation } = diagnosis;
  const numbers = new Map(evidence.map(({ id }, i) => [id, i + 1]));
  const anchor = (id: string) => `${prefix}-${id}`;
  return (
    <>
      {causes.length === 0 && (
        <p className={classes.quiet}>
          The data is not enough to name a cause. It is looked at again when more is known: figures, log lines and
          changes come with the next readings.
        </p>
      )}
      <ol className={classes.causes}>
        {causes.map((cause) => (
          <CauseRow key={`${cause.kind} ${cause.project}/${cause.service}`} {...{ cause, numbers, anchor }} />
        ))}
      </ol>
      {explanation && explanation.claims.length > 0 && (
        <div className={classes.words}>
          <h4 className={classes.small}>In words</h4>
          <ul>
            {explanation.claims.map((claim) => (
              <li key={claim.text}>
                {claim.text} <Cited ids={claim.evidence} {...{ numbers, anchor }} />
              </li>
            ))}
          </ul>
          <p className={classes.when}>
            by {explanation.model} ({explanation.provider}), from the evidence below alone. It did not rank the causes,
            and nothing is done because of it.
          </p>
        </div>
      )}
      {explanation && explanation.claims.length === 0 && (
        <p className={classes.when}>{explanation.model} found the data not enough for an explanation.</p>
      )}
      {evidence.length > 0 && (
        <details className={classes.evidence} open={causes.length === 0 || undefined}>
          <summary>Evidence ({evidence.length})</summary>
          <ol>
            {evidence.map((each) => (
              <EvidenceRow key={each.id} evidence={each} id={anchor(each.id)} />
            ))}
          </ol>
        </details>
      )}
    </>
  );
}

type Citing = { numbers: ReadonlyMap<string, number>; anchor: (id: string) => string };

function CauseRow({ cause, ...citing }: { cause: Cause } & Citing) {
  const percent = Math.round(cause.confidence * 100);
  return (
    <li>
      <div className={classes.cause}>
        <span className={classes.title}>{cause.title}</span>
        <span className={classes.percent}>{percent} %</span>
      </div>
      <meter className={classes.bar} min={0} max={100} value={percent} aria-label={`Confidence: ${percent} %`}>
        {percent} %
      </meter>
      <p className={classes.next}>
        {cause.nextStep} <Cited ids={cause.evidence} {...citing} />
      </p>
    </li>
  );
}

/** Numbers that lead to the evidence below. */
function Cited({ ids, numbers, anchor }: { ids: readonly string[] } & Citing) {
  return (
    <span className={classes.cited}>
      {ids.map((id) => (
        <a
          key={id}
          href={`#${anchor(id)}`}
          aria-label={`Evidence ${numbers.get(id)}`}
          onClick={(event) => reveal(event, anchor(id))}
        >
          {numbers.get(id)}
        </a>
      ))}
    </span>
  );
}

/** Without a change of the address, which says what is open. */
function reveal(event: { preventDefault(): void }, id: string): void {
  event.preventDefault();
  const row = document.getElementById(id);
  row?.closest('details')?.setAttribute('open', '');
  row?.scrollIntoView({ block: 'nearest' });
  row?.focus();
}

function EvidenceRow({ evidence: { at, kind, text, project }, id }: { evidence: Evidence; id: string }) {
  return (
    <li id={id} tabIndex={-1}>
      <span className={classes.text}>
        {kind === 'template' ? (
          <Link to="/projects/$slug" params={{ slug: project }} className={classes.link}>
            {text}
          </Link>
        ) : (
          text
        )}
      </span>
      <span className={classes.when}>
        {kind} · <Clock at={at} />
      </span>
    </li>
  );
}
