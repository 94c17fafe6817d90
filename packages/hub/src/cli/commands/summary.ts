import type { Command } from 'commander';
import { type ClientOptions, createClient, hubOptions } from '../client.ts';
import { createOutput } from '../output.ts';
import { EXIT, type Terminal } from '../terminal.ts';

type Answer = { project: string; via: string; sent: number; refused: { field: string; reason: string }[] };

const TOLD = {
  emit: ['presence and the summaries of graph, audits, security and deploys', ['presence', 'summaries']],
  health: ['presence and health', ['presence', 'health']],
  integrations: ['the edges to other projects', ['integrations']],
} as const;

/** Commands of a project's hub that tell the meta hub now, as the hub does by itself at its interval. */
export function registerSummary(program: Command, terminal: Terminal): void {
  const summary = program
    .command('summary')
    .description("Tell the meta hub now, from a project's hub.")
    .helpCommand(false);
  for (const [name, [what, parts]] of Object.entries(TOLD))
    hubOptions(summary.command(name).description(`Tell it ${what}.`)).action(async (options: ClientOptions) => {
      const answer = await createClient(options, terminal).post<Answer>('/api/mesh/announce', { what: parts });
      createOutput(terminal, options).answer(answer, () =>
        [
          `${answer.project}: ${answer.sent === 1 ? '1 message' : `${answer.sent} messages`} over ${answer.via}`,
          ...answer.refused.map(({ field, reason }) => `refused: ${field} ${reason}`),
        ].join('\n'),
      );
      if (answer.refused.length > 0) process.exitCode = EXIT.failure;
    });
}
