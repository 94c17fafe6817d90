import { z } from 'zod';

const ServiceRef = z.object({
  project: z.string(),
  service: z.string().optional(),
  probe: z.string().optional(),
  by: z.string().optional(),
});
/** Whose probes are to be run at once: a project's, a service's, or one by its id; and by which hub, where it is not whose they are. */
export type ServiceRef = { project: string; service?: string; probe?: string; by?: string };
/** What hubs tell each other. Nothing depends on its being heard: it makes prompt what a sweep would find. */
export type News =
  | { kind: 'facts'; projects: string[] }
  | { kind: 'look'; refs: ServiceRef[] }
  /** A restart of an agent is asked for; which one stands in the database. */
  | { kind: 'agents' };

const Word = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('hubs') }),
    z.object({ kind: z.literal('facts'), projects: z.array(z.string()) }),
    z.object({ kind: z.literal('look'), refs: z.array(ServiceRef) }),
    z.object({ kind: z.literal('agents') }),
  ])
  .and(z.object({ from: z.string() }));
export type Word = { from: string } & (News | { kind: 'hubs' });

/** Reads a word from the channel, where whoever reaches the database may speak; undefined for what no hub says. */
export function readWord(text: string): Word | undefined {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return undefined;
  }
  const word = Word.safeParse(said);
  return word.success ? (word.data as Word) : undefined;
}

/** A word on the channel holds less than 8,000 bytes; a name has 63 at most. */
const PROJECTS_PER_WORD = 50;
const REFS_PER_WORD = 25;

/**
 * Keeps news until it can be told: one word is under way at a time, what comes meanwhile goes together with the next, and the same is said
 * once. So however much there is to tell, nothing else on the line waits for more than one word.
 */
export function createNewsDesk(say: (news: News) => Promise<void>) {
  const projects = new Set<string>();
  const refs = new Map<string, ServiceRef>();
  let agents = false;
  let telling = false;

  function next(): News | undefined {
    if (agents) {
      agents = false;
      return { kind: 'agents' };
    }
    const looks = [...refs].slice(0, REFS_PER_WORD);
    if (looks.length > 0) {
      for (const [key] of looks) refs.delete(key);
      return { kind: 'look', refs: looks.map(([, ref]) => ref) };
    }
    const names = [...projects].slice(0, PROJECTS_PER_WORD);
    for (const name of names) projects.delete(name);
    return names.length > 0 ? { kind: 'facts', projects: names } : undefined;
  }

  async function tellAll(): Promise<void> {
    telling = true;
    for (let news = next(); news; news = next()) await say(news);
    telling = false;
  }

  return {
    /** `say` must not reject. */
    tell(news: News): void {
      if (news.kind === 'facts') for (const project of news.projects) projects.add(project);
      else if (news.kind === 'agents') agents = true;
      else for (const ref of news.refs) refs.set(JSON.stringify([ref.project, ref.service, ref.probe, ref.by]), ref);
      if (!telling) void tellAll();
    },
  };
}
