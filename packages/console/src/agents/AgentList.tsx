import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { Agent, AgentName } from '@orrery/protocol';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useMay } from '../access/me.ts';
import { api } from '../api.ts';
import { queryClient } from '../queries.ts';
import { Confirm } from '../settings/Confirm.tsx';
import { Age } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { ExportMenu } from '../ui/ExportMenu.tsx';
import { State } from '../ui/Mark.tsx';
import { Panel } from '../ui/Panel.tsx';
import classes from './Agents.module.css';
import { AGENT_STATE } from './state.ts';

export type NamedAgent = Agent & { name: AgentName };
type Props = {
  agents: readonly NamedAgent[];
  /** The agent whose jobs alone are shown below. */
  chosen: AgentName | undefined;
  onChoose: (name: AgentName) => void;
};

const columnsOf = (
  { chosen, onChoose }: Pick<Props, 'chosen' | 'onChoose'>,
  onRestart: ((agent: NamedAgent) => void) | undefined,
): Column<NamedAgent>[] => [
  {
    id: 'name',
    header: 'Agent',
    cell: (row) => (
      <>
        <button
          type="button"
          className={classes.name}
          aria-pressed={row.name === chosen}
          title={`Only the jobs of ${row.name}`}
          onClick={() => onChoose(row.name)}
        >
          {row.name}
        </button>
        <span className={classes.detail}>{row.does}</span>
        {row.reason && <span className={classes.why}>{row.reason}</span>}
        {row.lastError && <span className={classes.why}>Last error: {row.lastError}</span>}
      </>
    ),
    value: (row) => row.name,
    grow: true,
  },
  {
    id: 'state',
    header: 'State',
    cell: (row) => <State tone={AGENT_STATE[row.state].tone}>{AGENT_STATE[row.state].word}</State>,
    value: (row) => row.state,
  },
  {
    id: 'last',
    header: 'Last run',
    cell: (row) => <Age at={row.lastRunAt} />,
    value: (row) => row.lastRunAt,
    hide: 'phone',
  },
  { id: 'runs', header: 'Runs', cell: (row) => row.runs, value: (row) => row.runs, align: 'right', hide: 'laptop' },
  {
    id: 'failures',
    header: 'Failed',
    cell: (row) => row.failures,
    value: (row) => row.failures,
    align: 'right',
    hide: 'laptop',
  },
  {
    id: 'restarts',
    header: 'Restarts',
    cell: (row) => row.restarts,
    value: (row) => row.restarts,
    align: 'right',
    hide: 'laptop',
  },
  ...(onRestart
    ? [
        {
          id: 'act',
          header: 'Act',
          cell: (row: NamedAgent) => (
            <Button
              size="compact-xs"
              disabled={!row.enabled || row.jobs.length === 0}
              aria-label={`Restart ${row.name}`}
              onClick={() => onRestart(row)}
            >
              Restart
            </Button>
          ),
          align: 'right' as const,
        },
      ]
    : []),
];

/** The seven, each with what it is for, how it is and why, and a restart. */
export function AgentList({ agents, chosen, onChoose }: Props) {
  const may = useMay()('actions:run');
  const [asked, setAsked] = useState<NamedAgent>();
  const columns = useMemo(() => columnsOf({ chosen, onChoose }, may ? setAsked : undefined), [chosen, onChoose, may]);
  return (
    <Panel
      title="Agents"
      note="the trouble of one stops no other"
      tools={<ExportMenu name="agents" columns={columns} rows={agents} />}
      flush
    >
      <DataTable label="Agents" columns={columns} rows={agents} rowId={(row) => row.name} activeId={chosen} />
      {asked && <Restart agent={asked} onClose={() => setAsked(undefined)} />}
    </Panel>
  );
}

function Restart({ agent, onClose }: { agent: NamedAgent; onClose: () => void }) {
  const restart = useMutation({
    mutationFn: () => api.restartAgent(agent.name),
    onSuccess: () => {
      onClose();
      notifications.show({
        title: `${agent.name} was restarted`,
        message: (
          <Link to="/settings" search={{ tab: 'audit', verb: 'agents.restart' }}>
            <u>The audit trail has it</u>
          </Link>
        ),
      });
    },
    onSettled: () =>
      Promise.all([
        queryClient.invalidateQueries({ queryKey: ['agents'] }),
        queryClient.invalidateQueries({ queryKey: ['jobs'] }),
      ]),
  });
  const at = (calendar: boolean) =>
    agent.jobs.filter(({ schedule }) => calendar === /^[\d*]/.test(schedule)).map(({ name }) => name);
  const [timed, now] = [at(true), at(false)];
  return (
    <Confirm
      title={`Restart ${agent.name}?`}
      verb="Restart"
      error={restart.error}
      busy={restart.isPending}
      onClose={onClose}
      onConfirm={() => restart.mutate()}
    >
      What it does at this moment is ended, and so is the rest that it takes after failures.
      {now.length > 0 && ` At once: ${now.join(', ')}.`}
      {timed.length > 0 && ` At its own time, unless it failed last: ${timed.join(', ')}.`} No other agent notices.
    </Confirm>
  );
}
