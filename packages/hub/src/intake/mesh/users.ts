import { STREAM } from './consume.ts';
import { ASKED, namespaceOf, namespacesOf, SENT } from './namespaces.ts';

type Project = { slug: string; meshNs?: string | undefined };
export type MeshCredential = { user: string; password: string };
/** Who may speak on the NATS server: the hub, and each project by one credential, or by two while one replaces the other. */
export type MeshCredentials = {
  hub: MeshCredential;
  /** The newest last. */
  projects: Record<string, MeshCredential[]>;
};

/** The hub's own name on the server, and in that of its inbox: one that no slug can be, as those are in lower case. */
export const HUB = 'HUB';

/**
 * Pure: the credentials that these projects need. Known ones stay, so that nobody is cut off; a project that is gone loses its own. `rotate`
 * gives one a second credential beside the first, `revoke` leaves it the newest alone.
 */
export function nextCredentials(
  known: MeshCredentials | undefined,
  projects: readonly Project[],
  newPassword: () => string,
  change: { rotate?: string | undefined; revoke?: string | undefined } = {},
): MeshCredentials {
  const entries = projects.map(({ slug }): [string, MeshCredential[]] => {
    const own = known?.projects[slug] ?? [];
    const first = own.length > 0 ? own : [{ user: slug, password: newPassword() }];
    if (slug === change.revoke) return [slug, first.slice(-1)];
    if (slug !== change.rotate || own.length === 0) return [slug, first];
    return [slug, [...first.slice(-1), { user: nextUser(slug, first), password: newPassword() }]];
  });
  return { hub: { user: HUB, password: known?.hub.password ?? newPassword() }, projects: Object.fromEntries(entries) };
}

/** `veria`, `veria.2`, `veria.3`: no slug holds a dot. */
function nextUser(slug: string, own: readonly MeshCredential[]): string {
  const newest = own.at(-1)?.user ?? slug;
  const number = newest === slug ? 1 : Number(newest.slice(slug.length + 1));
  return `${slug}.${number + 1}`;
}

const quoted = (subjects: readonly string[]): string => subjects.map((subject) => JSON.stringify(subject)).join(', ');

/**
 * Pure: the `authorization` of nats-server. A project may publish below its own namespace and nothing else, hear what the hub asks of it and
 * what is sent to its own inbox, and answer what it was asked. Throws for namespaces that clash: then somebody would speak for another.
 */
export function usersText(projects: readonly Project[], credentials: MeshCredentials): string {
  const { conflicts } = namespacesOf(projects);
  if (conflicts.length > 0) throw new Error(conflicts.map(({ slug, reason }) => `${slug}: ${reason}`).join('; '));
  const user = (
    { user: name, password }: MeshCredential,
    publish: readonly string[],
    subscribe: readonly string[],
    more = '',
  ) =>
    `    {\n      user: ${JSON.stringify(name)}, password: ${JSON.stringify(password)}\n      permissions: {\n        publish: { allow: [${quoted(publish)}] }\n        subscribe: { allow: [${quoted(subscribe)}] }${more}\n      }\n    }`;
  const below = (project: Project, subjects: readonly string[]) =>
    subjects.map((subject) => `${namespaceOf(project)}.${subject}`);
  const stream = [
    ...['STREAM.INFO', 'STREAM.CREATE', 'STREAM.UPDATE'].map((call) => `$JS.API.${call}.${STREAM}`),
    ...['CONSUMER.CREATE', 'CONSUMER.DURABLE.CREATE', 'CONSUMER.INFO', 'CONSUMER.MSG.NEXT'].map(
      (call) => `$JS.API.${call}.${STREAM}.>`,
    ),
    `$JS.ACK.${STREAM}.>`,
  ];
  const users = [
    user(credentials.hub, [...stream, ...projects.flatMap((project) => below(project, ASKED))], [`_INBOX_${HUB}.>`]),
    ...projects.flatMap((project) =>
      (credentials.projects[project.slug] ?? []).map((credential) =>
        user(
          credential,
          below(project, SENT),
          [...below(project, ASKED), `_INBOX_${project.slug}.>`],
          '\n        allow_responses: { max: 1, expires: "2m" }',
        ),
      ),
    ),
  ];
  return `# Written by \`orrery mesh config\`; a change of it here is lost at the next run.\nauthorization: {\n  users: [\n${users.join('\n')}\n  ]\n}\n`;
}

/** The server's own part, written once and then the operator's. */
export const serverText = (options: { listen: string; store: string; pidFile: string }): string =>
  `# nats-server for the mesh of Orrery, written once by \`orrery mesh config\`: yours to change.
listen: ${options.listen}
pid_file: ${JSON.stringify(options.pidFile)}
max_payload: 1MB
jetstream: {
  store_dir: ${JSON.stringify(options.store)}
  max_mem: 64MB
  max_file: 4GB
}
include "./users.conf"
`;
