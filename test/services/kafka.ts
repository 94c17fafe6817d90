import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { requirePrograms } from '../../scripts/testing/programs.ts';

export type KafkaService = {
  broker: string;
  /** Everything that a topic holds, as the values of its messages. */
  read(topic: string): Promise<string[]>;
  /** Stops the broker's process without ending it: connections stay open and nothing answers. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
};

const environment = { PATH: process.env.PATH };

/** A Kafka broker on 127.0.0.1: the mock cluster of librdkafka, which speaks the wire protocol and keeps messages in memory. */
export async function startKafka(): Promise<KafkaService> {
  requirePrograms(['kcat']);
  const args = ['-P', '-t', '_boot', '-b', '127.0.0.1:1', '-X', 'test.mock.num.brokers=1', '-d', 'mock'];
  // It lives for as long as its input is open.
  const cluster = spawn('kcat', args, { env: environment, stdio: ['pipe', 'ignore', 'pipe'] });
  const onExit = () => cluster.kill('SIGKILL');
  process.once('exit', onExit);
  const broker = await addressOf(cluster);
  return {
    broker,
    async read(topic) {
      const reader = spawn('kcat', ['-C', '-b', broker, '-t', topic, '-o', 'beginning', '-e', '-q'], {
        env: environment,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      let text = '';
      reader.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      await once(reader, 'close');
      return text.split('\n').filter(Boolean);
    },
    freeze: () => void cluster.kill('SIGSTOP'),
    thaw: () => void cluster.kill('SIGCONT'),
    async stop() {
      process.off('exit', onExit);
      if (cluster.exitCode !== null || cluster.signalCode !== null) return;
      const gone = once(cluster, 'exit');
      cluster.kill('SIGKILL');
      await gone;
    },
  };
}

async function addressOf(cluster: ChildProcess): Promise<string> {
  if (!cluster.stderr) throw new Error('the mock cluster says nothing');
  let said = '';
  for await (const line of createInterface({ input: cluster.stderr })) {
    said = `${said}\n${line}`.slice(-2000);
    const [, address] = /bootstrap\.servers=(127\.0\.0\.1:\d+)/.exec(line) ?? [];
    if (address !== undefined) {
      cluster.stderr.resume();
      return address;
    }
  }
  throw new Error(`the mock cluster of kcat did not start: ${said}`);
}
