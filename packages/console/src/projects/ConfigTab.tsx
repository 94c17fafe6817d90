import { Button } from '@mantine/core';
import type { Endpoint, ProjectDetail } from '@orrery/protocol';
import { IconDownload, IconTrash } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { useMay } from '../access/me.ts';
import { Age } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { saveText } from '../ui/export.ts';
import { formatMs } from '../ui/format.ts';
import { State } from '../ui/Mark.tsx';
import { Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Snippet, Snippets } from '../ui/Snippet.tsx';
import type { Tone } from '../ui/state.ts';
import classes from './ConfigTab.module.css';
import { DeclaredIn } from './DeclaredIn.tsx';
import { RemoveProject } from './RemoveProject.tsx';
import { eventSnippet, sdkSnippets } from './snippets.ts';

const ENDPOINT_TONE: Record<Endpoint['status'], Tone> = { ok: 'ok', error: 'bad', unverified: 'none' };
const ENDPOINT_WORD: Record<Endpoint['status'], string> = { ok: 'Answers', error: 'Fails', unverified: 'Not verified' };
const AUTH_WORD: Record<Endpoint['authKind'], string> = { none: 'none', 'api-key': 'API key', signature: 'signature' };

const ENDPOINTS: Column<Endpoint>[] = [
  { id: 'name', header: 'Endpoint', cell: (row) => row.name },
  { id: 'url', header: 'URL', cell: (row) => <code>{row.url}</code>, grow: true },
  { id: 'auth', header: 'Auth', cell: (row) => AUTH_WORD[row.authKind], hide: 'tablet' },
  {
    id: 'status',
    header: 'State',
    cell: (row) => (
      <span title={row.reason}>
        <State tone={ENDPOINT_TONE[row.status]}>{row.reason ?? ENDPOINT_WORD[row.status]}</State>
      </span>
    ),
  },
  { id: 'latency', header: 'Latency', cell: (row) => formatMs(row.latencyMs), align: 'right', hide: 'phone' },
  { id: 'verified', header: 'Verified', cell: (row) => <Age at={row.lastVerifiedAt} />, hide: 'phone' },
];

/** Where the project is declared, what it offers, and how to take the declaration along. */
export default function ConfigTab({ project }: { project: ProjectDetail | undefined }) {
  const may = useMay();
  const [removing, setRemoving] = useState(false);
  if (!project) return <Waiting rows={8} what="the configuration" />;
  const inFile = project.declaredIn.source === 'file';
  return (
    <div className={classes.columns}>
      <div className={classes.column}>
        <Panel
          title="Declaration"
          note={<DeclaredIn project={project} />}
          tools={
            <Button
              leftSection={<IconDownload size={14} />}
              onClick={() => saveText(`${project.slug}.yaml`, 'application/yaml', project.yaml)}
            >
              YAML
            </Button>
          }
        >
          <div className={classes.stack}>
            <p className={classes.hint}>
              {inFile
                ? 'Change it in the file: it is read again when it is saved. Secrets are masked here.'
                : 'Paste it into orrery.yaml to keep it in a file. Secrets are masked here.'}
            </p>
            <Snippet label="Declaration as YAML" code={project.yaml} />
            {may('configure') && (
              <div className={classes.remove}>
                <Button
                  variant="danger"
                  leftSection={<IconTrash size={14} />}
                  disabled={inFile}
                  onClick={() => setRemoving(true)}
                >
                  Remove the project
                </Button>
                {inFile && <p className={classes.hint}>What a file declares is removed in the file.</p>}
              </div>
            )}
          </div>
        </Panel>
      </div>
      <div className={classes.column}>
        <Panel title="Endpoints" note={`${project.endpoints.length}`} flush>
          {project.endpoints.length > 0 ? (
            <DataTable label="Endpoints" columns={ENDPOINTS} rows={project.endpoints} rowId={(row) => row.name} />
          ) : (
            <p className={classes.quiet}>
              None known yet. The hub finds them in /api/capabilities and verifies them every few minutes.
            </p>
          )}
        </Panel>
        <Panel title="Capabilities" note={project.capabilities ? project.capabilities.version : undefined}>
          <dl className={classes.facts}>
            <Fact name="Tools" values={project.capabilities?.tools} />
            <Fact name="Events" values={project.capabilities?.events} />
            <Fact name="Actions" values={project.capabilities?.actions} />
            <Fact name="May be asked to" values={project.allowFanout} />
            <Fact
              name="Depends on"
              values={project.dependsOn}
              draw={(slug) => (
                <Link to="/projects/$slug" params={{ slug }}>
                  <u>{slug}</u>
                </Link>
              )}
            />
            <Fact name="Mesh namespace" values={project.meshNs ? [project.meshNs] : []} />
            <Fact name="API key" values={[project.hasApiKey ? 'the hub holds one' : 'none']} />
          </dl>
        </Panel>
        <Panel title="Let it tell more">
          <div className={classes.stack}>
            <Snippets
              label="The SDK by framework"
              choices={sdkSnippets({ hub: location.origin, slug: project.slug })}
            />
            <p className={classes.hint}>An event from a script:</p>
            <Snippet label="Send an event" code={eventSnippet({ hub: location.origin, slug: project.slug })} />
          </div>
        </Panel>
      </div>
      {removing && <RemoveProject project={project} onClose={() => setRemoving(false)} />}
    </div>
  );
}

type FactProps = { name: string; values: readonly string[] | undefined; draw?: (value: string) => ReactNode };

function Fact({ name, values = [], draw }: FactProps) {
  return (
    <div className={classes.fact}>
      <dt>{name}</dt>
      <dd>
        {values.length === 0 && '–'}
        {values.map((value, place) => (
          <span key={value}>
            {place > 0 && ', '}
            {draw ? draw(value) : value}
          </span>
        ))}
      </dd>
    </div>
  );
}
