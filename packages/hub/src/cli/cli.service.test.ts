// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to variables are the subject.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { emptyFolder, orrery } from '../../../../test/services/orrery.ts';

/** A hub in the shape of one answer for everything: what the client makes of answers is looked at here, the real hub in the service suite. */
async function answering(status: number, body: string, type = 'application/json') {
  const seen: { url: string; key: string | undefined }[] = [];
  const server = createServer((request, response) => {
    seen.push({ url: request.url ?? '', key: request.headers['x-api-key']?.toString() });
    response.writeHead(status, { 'content-type': type }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  const address = server.address();
  return { seen, url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}` };
}
const servers: ReturnType<typeof createServer>[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});
const problem = (title: string, detail: string, fields?: object[]) =>
  JSON.stringify({ title, detail, error: title, fields });

describe('the orrery command', { timeout: 30_000 }, () => {
  it('prints its help and version on stdout and exits 0', async () => {
    const [help, version] = await Promise.all([orrery(['--help']), orrery(['--version'])]);
    expect([help.code, version.code]).toEqual([0, 0]);
    expect(help.stdout).toContain('Exit codes:');
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(help.stderr + version.stderr).toBe('');
  });

  it('runs without the accessor by which a key of foreign data could poison every object', async () => {
    const look = "process.stderr.write(String(Object.hasOwn(Object.prototype, '__proto__')) + ' ')";
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(look)}` };
    // Twice: in the launcher, then in the process that does the work.
    expect((await orrery(['--version'], { env })).stderr).toBe('true false ');
  });

  const mistakes: [args: string[], said: string][] = [
    [[], 'Usage: orrery'],
    [['statsu'], "unknown command 'statsu'"],
    [['status', '--jsno'], "unknown option '--jsno'"],
    [['status', 'too', 'many'], 'too many arguments'],
    [['alerts'], 'Usage: orrery alerts'],
    [['alerts', 'ack'], "missing required argument 'id'"],
    [['alerts', 'list', '--severity', 'bad'], 'Allowed choices are critical, warning, info'],
    [['incidents', 'show'], "missing required argument 'id'"],
    [['incidents', 'list', '--status', 'bad'], 'Allowed choices are open, resolved, all'],
    [['alerts', 'list', '--limit', '1e3'], 'whole number from 1 to 10000'],
    [['project', 'add', 'file:///etc/passwd'], 'must be an http:// or https:// URL'],
    [['keys', 'create', '--name', 'x', '--role', 'god'], 'Allowed choices are viewer'],
    [['serve', '--port', '99999'], 'command line --port: must be a whole number from 0 to 65535'],
    [['serve', '--config', 'none.yaml'], 'there is no such file'],
    [['serve', '--scope', 'galaxy'], 'Allowed choices are meta, project'],
    [['status', '--key-file', 'none', '--url', 'http://127.0.0.1:1'], '--key-file'],
    [['status', '--url', 'gopher://x'], '--url must be an http:// or https:// URL'],
    [['seed-admin'], '--email'],
  ];
  for (const [args, said] of mistakes)
    it(`exits 2 for \`orrery ${args.join(' ')}\` and says why on stderr`, async () => {
      const ran = await orrery(args);
      expect(ran).toMatchObject({ code: 2, stdout: '' });
      expect(ran.stderr).toContain(said);
    });

  it('says mistakes as one JSON object when asked for JSON', async () => {
    for (const args of [
      ['status', '--nope', '--json'],
      ['serve', '--port', 'x', '--json'],
      ['status', '--json', '--url', 'ftp://x'],
    ]) {
      const { code, stdout, stderr } = await orrery(args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(JSON.parse(stderr)).toMatchObject({ exitCode: 2, error: expect.any(String) });
    }
  });

  it('exits 3 when no hub runs here or none answers there', async () => {
    const here = await orrery(['status']);
    expect(here).toMatchObject({ code: 3, stdout: '' });
    expect(here.stderr).toContain('orrery serve');
    const there = await orrery(['project', 'list', '--url', 'http://127.0.0.1:1', '--json']);
    expect(there.code).toBe(3);
    expect(JSON.parse(there.stderr)).toMatchObject({ exitCode: 3 });
  });

  it('exits 4 when the hub refuses the key, 2 when it refuses the input, naming the fields, and 1 for anything else', async () => {
    const wrong = await answering(401, problem('Unauthorized', 'The key is not good'));
    expect(await orrery(['status', '--url', wrong.url])).toMatchObject({ code: 4 });
    const forbidden = await answering(403, problem('Forbidden', 'Your role may not'));
    expect(await orrery(['status', '--url', forbidden.url])).toMatchObject({ code: 4 });
    const invalid = await answering(
      400,
      problem('Invalid', 'Not like this', [{ field: 'body.slug', reason: 'is taken' }]),
    );
    const ran = await orrery(['project', 'add', 'http://x', '--url', invalid.url]);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('body.slug: is taken');
    const busy = await answering(503, problem('Unavailable', 'Try again'));
    expect(await orrery(['status', '--url', busy.url])).toMatchObject({ code: 1 });
  });

  it('takes what is no hub for what it is', async () => {
    const other = await answering(200, '<html>', 'text/html');
    const ran = await orrery(['status', '--url', other.url]);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('is no Orrery hub');
  });

  it('lets no text of a product steer the terminal', async () => {
    const evil = await answering(400, problem('x', 'a\u001b]0;owned\u0007\u202eb'));
    const { stderr } = await orrery(['status', '--url', evil.url]);
    expect(stderr).toContain('a ]0;owned b');
    expect(stderr).not.toContain('\u0007');
  });

  it('sends the key of the data folder to the hub that wrote it, and to no other', async () => {
    const [own, other] = await Promise.all([answering(200, '[]'), answering(200, '[]')]);
    const cwd = emptyFolder();
    mkdirSync(join(cwd, '.orrery'));
    writeFileSync(
      join(cwd, '.orrery', 'local.json'),
      JSON.stringify({ url: own.url, key: 'orl_local', pid: process.pid }),
    );
    await orrery(['project', 'list'], { cwd });
    await orrery(['project', 'list', '--url', other.url], { cwd });
    await orrery(['project', 'list', '--url', other.url], { cwd, env: { ORRERY_API_KEY: 'given' } });
    expect(own.seen.map(({ key }) => key)).toEqual(['orl_local']);
    expect(other.seen.map(({ key }) => key)).toEqual([undefined, 'given']);
  });

  it('asks for no more at once than the hub gives, however much is wanted', async () => {
    const hub = await answering(200, '{"items":[]}');
    for (const args of [
      ['channels', 'deliveries', 'ops'],
      ['alerts', 'list'],
    ])
      expect(await orrery([...args, '--limit', '300', '--url', hub.url])).toMatchObject({ code: 0, stderr: '' });
    expect(hub.seen.map(({ url }) => new URL(url, hub.url).searchParams.get('limit'))).toEqual(['200', '200']);
  });

  it('knows that a hub which was killed is gone', async () => {
    const cwd = emptyFolder();
    mkdirSync(join(cwd, '.orrery'));
    writeFileSync(
      join(cwd, '.orrery', 'local.json'),
      JSON.stringify({ url: 'http://127.0.0.1:1', key: 'k', pid: 2 ** 22 + 1 }),
    );
    expect((await orrery(['status'], { cwd })).stderr).toContain('no hub runs on this data folder');
  });
});

describe('orrery config', { timeout: 30_000 }, () => {
  it('checks a file and lists every mistake with its line', async () => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'orrery.yaml'), 'projects: []\nchanels: []\nnetwork: 5\n');
    const [human, json] = await Promise.all([
      orrery(['config', 'check'], { cwd }),
      orrery(['config', 'check', '--json'], { cwd }),
    ]);
    expect([human.code, json.code]).toEqual([1, 1]);
    expect(human.stdout).toContain('orrery.yaml:2:1 chanels: is no known key; did you mean "channels"?');
    const answer = JSON.parse(json.stdout) as { ok: boolean; issues: { line: number; field: string }[] };
    expect(answer.ok).toBe(false);
    expect(answer.issues.map(({ line, field }) => `${line} ${field}`)).toEqual(['2 chanels', '3 network']);
    writeFileSync(join(cwd, 'orrery.yaml'), 'projects: []\n');
    expect(await orrery(['config', 'check'], { cwd })).toMatchObject({ code: 0, stderr: '' });
  });

  it('prints the JSON Schema', async () => {
    const { code, stdout } = await orrery(['config', 'schema']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ title: 'orrery.yaml', properties: { projects: { type: 'array' } } });
  });
});

describe('orrery env check', { timeout: 30_000 }, () => {
  it('shows what is set, wrong and missing, and no secret', async () => {
    const cwd = emptyFolder();
    writeFileSync(
      join(cwd, 'orrery.yaml'),
      'projects: [{ slug: a, name: A, hubUrl: http://x, apiKey: "${A_KEY}", domain: "${B:-b}" }]',
    );
    const env = { ORRERY_PORT: 'x', CRON_SECRET: 'hush-hush-hush-hush-hush', ORRERY_ADMIN_EMAIL: 'a@b.c' };
    const { code, stdout } = await orrery(['env', 'check', '--json'], { cwd, env });
    expect(code).toBe(1);
    expect(stdout).not.toContain('hush');
    const { variables } = JSON.parse(stdout) as { variables: { name: string; state: string }[] };
    const states = Object.fromEntries(variables.map(({ name, state }) => [name, state]));
    expect(states).toMatchObject({
      ORRERY_PORT: 'invalid',
      CRON_SECRET: 'set',
      ORRERY_ADMIN_PASSWORD: 'missing',
      ORRERY_HOST: 'default',
      ORRERY_SECRET: 'unset',
      A_KEY: 'missing',
      B: 'default',
    });
    expect((await orrery(['env', 'check'], { env: { CRON_SECRET: 'hush-hush-hush-hush-hush' } })).code).toBe(0);
  });
});

describe('orrery doctor', { timeout: 30_000 }, () => {
  it('finds nothing on a sound machine', async () => {
    const { code, stdout } = await orrery(['doctor', '--port', '0', '--json']);
    const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: { name: string; status: string }[] };
    expect({ code, ok }).toEqual({ code: 0, ok: true });
    expect(checks.map(({ name }) => name)).toEqual([
      'node',
      'configuration',
      'data folder',
      'disk',
      'hub',
      'port',
      'database',
      'clock',
    ]);
  });

  it('finds a taken port, a readable secret, a damaged database and a silent project, each with its fix', async () => {
    const taken = await answering(200, '');
    const cwd = emptyFolder();
    mkdirSync(join(cwd, '.orrery'), { mode: 0o700 });
    writeFileSync(join(cwd, '.orrery', 'secret'), 'x'.repeat(43), { mode: 0o644 });
    writeFileSync(
      join(cwd, '.orrery', 'orrery.db'),
      'this is no database at all, whatever its name may say '.repeat(100),
    );
    writeFileSync(
      join(cwd, 'orrery.yaml'),
      'projects: [{ slug: gone, name: G, hubUrl: "http://127.0.0.1:1" }]\nnetwork: { allowPrivate: true }',
    );
    const { code, stdout } = await orrery(['doctor', '--port', new URL(taken.url).port, '--json'], { cwd });
    expect(code).toBe(1);
    const { checks } = JSON.parse(stdout) as { checks: { name: string; status: string; fix?: string }[] };
    const failed = checks.filter(({ status }) => status === 'fail');
    expect(failed.map(({ name }) => name)).toEqual(['master key', 'port', 'database', 'project gone']);
    for (const { fix } of failed) expect(fix).toBeTruthy();
  });

  it('lists the mistakes of the configuration', async () => {
    const { code, stdout } = await orrery(['doctor'], { env: { ORRERY_PORT: 'x' } });
    expect(code).toBe(1);
    expect(stdout).toContain('ORRERY_PORT: must be a whole number');
  });
});
