import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { ConfigIssue } from '@orrery/protocol';
import { IconDownload } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useMay } from '../access/me.ts';
import { api } from '../api.ts';
import { declareYaml } from '../projects/snippets.ts';
import { configQuery } from '../queries.ts';
import { Age } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { saveText } from '../ui/export.ts';
import { plural } from '../ui/format.ts';
import { State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Snippet } from '../ui/Snippet.tsx';
import classes from './Settings.module.css';

const COLUMNS: Column<ConfigIssue>[] = [
  {
    id: 'line',
    header: 'Line',
    cell: (row) => (row.line === undefined ? '–' : `${row.line}${row.column === undefined ? '' : `:${row.column}`}`),
    align: 'right',
  },
  { id: 'field', header: 'Field', cell: (row) => <code>{row.field}</code> },
  {
    id: 'reason',
    header: 'What is wrong',
    cell: (row) => <span className={classes.wrap}>{row.reason}</span>,
    grow: true,
  },
];

/** What the hub runs on, and the mistakes of the newest file when it was refused. */
export function ConfigState() {
  const query = useQuery(configQuery);
  const may = useMay();
  const save = useMutation({
    mutationFn: api.configExport,
    onSuccess: (text) => saveText('orrery.yaml', 'application/yaml', text),
    onError: (error) => notifications.show({ title: 'Not exported', message: error.message, role: 'alert' }),
  });
  const data = query.data;
  return (
    <>
      <QueryNote query={query} what="the configuration" />
      {query.isPending && <Waiting rows={4} what="the configuration" />}
      {data && (
        <Panel
          title="Configuration"
          tools={
            may('configure') && (
              <Button leftSection={<IconDownload size={14} />} loading={save.isPending} onClick={() => save.mutate()}>
                Export as YAML
              </Button>
            )
          }
        >
          <div className={classes.stack}>
            <dl className={classes.facts}>
              <dt>State</dt>
              <dd>
                {data.issues.length === 0 ? (
                  <State tone="ok">In force</State>
                ) : (
                  <State tone="warn">The newest version was refused; the one before stays in force</State>
                )}
              </dd>
              <dt>File</dt>
              <dd>
                {data.file ? (
                  <code>{data.file}</code>
                ) : (
                  'none; projects come from the console, the API and the command line'
                )}
              </dd>
              <dt>Loaded</dt>
              <dd>
                <Age at={data.loadedAt} />
              </dd>
              <dt>Declares</dt>
              <dd>
                {plural(data.projects, 'project')}, {plural(data.channels, 'channel')}
              </dd>
            </dl>
            {!data.file && <Snippet label="A first orrery.yaml" code={declareYaml({ hub: location.origin })} />}
          </div>
        </Panel>
      )}
      {data && data.issues.length > 0 && (
        <Panel title="Mistakes in the newest version" note={plural(data.issues.length, 'mistake')} flush>
          <DataTable
            label="Mistakes"
            columns={COLUMNS}
            rows={data.issues}
            rowId={(row) => `${row.line}:${row.column} ${row.field} ${row.reason}`}
          />
        </Panel>
      )}
    </>
  );
}
