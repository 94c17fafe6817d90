import { execFileSync } from 'node:child_process';
import { requirePrograms } from '../../scripts/testing/programs.ts';

/** A cable between this machine and the namespace: the address at the far end, and a way to pull the plug. */
export type Cable = { address: string; pull(): void; plug(): void };
export type Namespace = {
  /** What a command inside the namespace begins with. */
  inside: readonly string[];
  cables: readonly Cable[];
  remove(): void;
};

let made = 0;

/** A network of its own, joined to this machine by cables that can be pulled: a real partition, in which nothing is closed and nothing arrives. */
export function openNamespace(cables: number): Namespace {
  requirePrograms(['ip']);
  const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const id = `${process.pid % 100_000}${made++}`;
  const name = `orrery-${id}`;
  ip('netns', 'add', name);
  const within = ['netns', 'exec', name];
  const joined = Array.from({ length: cables }, (_, i): Cable => {
    const [near, far] = [`on${id}-${i}`, `of${id}-${i}`];
    const net = `10.${200 + (process.pid % 50)}.${(made * 8 + i) % 250}`;
    ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far);
    ip('link', 'set', far, 'netns', name);
    ip('address', 'add', `${net}.1/30`, 'dev', near);
    ip('link', 'set', near, 'up');
    ip(...within, 'ip', 'address', 'add', `${net}.2/30`, 'dev', far);
    ip(...within, 'ip', 'link', 'set', far, 'up');
    return {
      address: `${net}.2`,
      // The far end: this machine still believes in its cable and gets no answer, as behind a broken switch.
      pull: () => ip(...within, 'ip', 'link', 'set', far, 'down'),
      plug: () => ip(...within, 'ip', 'link', 'set', far, 'up'),
    };
  });
  // With the namespace its ends of the cables go, and with them ours.
  return { inside: ['ip', ...within], cables: joined, remove: () => ip('netns', 'delete', name) };
}
