import { MESH_PAYLOADS, parseSubject } from '@orrery/protocol';

type Project = { slug: string; meshNs?: string | undefined };

/** The namespace of a project's subjects. */
export const namespaceOf = ({ slug, meshNs }: Project): string => meshNs ?? `${slug}.mesh`;

/** What a project may send, after its namespace: every subject of the mesh, and the same with one token more, as later versions have it. */
export const SENT: readonly string[] = [
  ...Object.keys(MESH_PAYLOADS).flatMap((subject) => {
    const pattern = subject.replace(/<[a-zA-Z]+>/g, '*');
    return [pattern, `${pattern}.*`];
  }),
  'events.>',
];

/** What the hub may ask of a project, after its namespace. */
export const ASKED: readonly string[] = ['audit.requested.*', 'graph.summary.requested', 'action.requested.>'];

/** Whether a subject is one that the hub asks by. */
export const isAsked = (subject: string): boolean =>
  /^(audit\.requested\.[A-Za-z0-9_-]+|graph\.summary\.requested|action\.requested\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*)$/.test(
    subject,
  );

/** The namespace that a project has unless it names another. */
const isUsual = (ns: string) => /^[^.]+\.mesh$/.test(ns);

export type Namespaces = {
  /** The project whose namespace a subject begins with; for that of nobody, what stands before the subject, if it has one. */
  ownerOf(subject: string): { slug: string } | { stranger: string } | undefined;
  /** Namespaces that are not `<slug>.mesh`. */
  odd: readonly string[];
  /** Projects that cannot be heard, and why. */
  conflicts: readonly { slug: string; reason: string }[];
};

/** Pure: who may speak where. Of two projects whose namespaces are one, or one inside the other, the first by slug is heard. */
export function namespacesOf(projects: readonly Project[]): Namespaces {
  const owners = new Map<string, string>();
  const conflicts: { slug: string; reason: string }[] = [];
  for (const project of projects.toSorted((a, b) => (a.slug < b.slug ? -1 : 1))) {
    const ns = namespaceOf(project);
    const reason = problemOf(ns) ?? clashOf(ns, owners);
    if (reason === undefined) owners.set(ns, project.slug);
    else conflicts.push({ slug: project.slug, reason });
  }
  return {
    odd: [...owners.keys()].filter((ns) => !isUsual(ns)),
    conflicts,
    ownerOf(subject) {
      for (const prefix of prefixes(subject)) {
        const slug = owners.get(prefix);
        if (slug !== undefined) return { slug };
      }
      for (const prefix of prefixes(subject)) {
        const rest = subject.slice(prefix.length + 1);
        if (parseSubject(rest)) return { stranger: prefix };
      }
      return undefined;
    },
  };
}

/** What makes a namespace impossible, whoever has it. */
export function problemOf(ns: string): string | undefined {
  if (/^(_INBOX|\$)/i.test(ns)) return `the namespace "${ns}" is kept for NATS itself`;
  if (/^[^.]+\.mesh\./.test(ns)) return `the namespace "${ns}" lies inside ${ns.split('.').slice(0, 2).join('.')}`;
  return undefined;
}

function clashOf(ns: string, owners: ReadonlyMap<string, string>): string | undefined {
  for (const [other, slug] of owners)
    if (other === ns || other.startsWith(`${ns}.`) || ns.startsWith(`${other}.`))
      return `the namespace "${ns}" and that of ${slug}, "${other}", are one or lie inside each other`;
  return undefined;
}

function* prefixes(subject: string): Generator<string> {
  for (let dot = subject.indexOf('.'); dot !== -1; dot = subject.indexOf('.', dot + 1)) yield subject.slice(0, dot);
}

/** Every subject that the stream keeps: those of all usual namespaces, whether a project is known or not, and those of the odd ones. */
export const streamSubjects = (odd: readonly string[]): string[] =>
  ['*.mesh', ...odd].flatMap((ns) => SENT.map((subject) => `${ns}.${subject}`));
