import { defineConfig } from 'tsdown';

/** The sketches are built in without their protobuf part: it is never called here, and a bundler such as Next.js fails on its missing dependency. */
const withoutProtobuf = {
  name: 'sketches-without-protobuf',
  load(id: string) {
    return /sketches-js\/dist\/ddsketch\/proto\/compiled\.js$/.test(id) ? 'module.exports = {};' : undefined;
  },
};

export default defineConfig({
  entry: {
    attacks: 'src/attacks/index.ts',
    ...Object.fromEntries(
      ['index', 'express', 'fastify', 'hono', 'nats', 'next', 'prisma', 'pg'].map((name) => [name, `src/${name}.ts`]),
    ),
  },
  dts: true,
  plugins: [withoutProtobuf],
  // The frameworks are the product's own: the adapters use their types, and Hono's route helper, but never a copy of them.
  deps: {
    neverBundle: [/^express/, /^fastify/, /^hono/, /^pg/, /^@nats-io/],
    alwaysBundle: ['@datadog/sketches-js'],
    onlyBundle: ['@datadog/sketches-js'],
  },
});
