import type { Agent, AgentName, Agents } from '@orrery/protocol';
import type { Command } from 'commander';
import { type ClientOptions, createClient, hubOptions } from '../client.ts';
import { ago, createOutput, state, table } from '../output.ts';
import { printable, type Terminal } from '../terminal.ts';

type Told<T> = { success: true; data: T };

export function registerAgents(program: Command, terminal: Terminal): void {
  const agents = program
    .command('agents')
    .description('The seven agents: how they are, and a restart.')
    .helpCommand(false);
  hubOptions(agents.command('list').description('The seven agents, what they did, and what is wrong.'))
    .option('--jobs', 'each with its jobs')
    .action((options: ClientOptions & { jobs?: boolean }) => list(options, terminal));
  hubOptions(agents.command('restart').description('End what an agent does and its back-off, and run its jobs now.'))
    .argument('<name>', 'Monitor, Diagnostic, Repair, Learning, Predictive, Security or Performance')
    .action(async (name: string, options: ClientOptions) => {
      const path = `/admin/system/agents/${encodeURIComponent(name)}/restart`;
      const { data } = await createClient(options, terminal).post<Told<Agent>>(path);
      createOutput(terminal, options).answer(data, () =>
        [
          `Restarted (${data.restarts} so far). ${printable(data.reason ?? '')}`.trim(),
          'See how it is: orrery agents list',
        ].join('\n'),
      );
    });
}

async function list({ jobs, ...options }: ClientOptions & { jobs?: boolean }, terminal: Terminal): Promise<void> {
  const output = createOutput(terminal, options);
  const { data } = await createClient(options, terminal).get<Told<Agents>>('/admin/system/agents');
  const now = Date.now();
  const agents = Object.entries(data) as [AgentName, Agent][];
  output.answer(data, () => {
    const own = table(
      ['AGENT', 'STATE', 'LAST RUN', 'RUNS', 'FAILED', 'RESTARTS', 'DETAIL'],
      agents.map(([name, agent]) => [
        name,
        state(agent.state, output.paint),
        ago(agent.lastRunAt, now),
        String(agent.runs),
        String(agent.failures),
        String(agent.restarts),
        printable(agent.reason ?? agent.lastError ?? ''),
      ]),
      output.paint,
    );
    if (!jobs) return own;
    const rows = agents.flatMap(([name, agent]) => agent.jobs.map((job) => [name, job] as const));
    return [
      own,
      table(
        ['AGENT', 'JOB', 'SCHEDULE', 'LAST RUN', 'RUNS', 'FAILED', 'LAST ERROR'],
        rows.map(([name, job]) => [
          name,
          job.name,
          job.schedule,
          ago(job.lastRunAt, now),
          String(job.runs),
          String(job.failures),
          printable(job.lastError ?? ''),
        ]),
        output.paint,
      ),
    ].join('\n\n');
  });
}
