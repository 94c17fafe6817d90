// The doors: a room is entered through its index.ts only, and no two rooms depend on each other in a circle.
const room = '^packages/hub/src/([^/]+)/';
export default {
  forbidden: [
    {
      name: 'one-door',
      comment: 'Import ../<room>/index.ts, never a file behind it.',
      severity: 'error',
      from: { path: room, pathNot: '\\.test\\.ts$' },
      to: {
        path: '^packages/hub/src/([^/]+)/.+',
        pathNot: [
          '^packages/hub/src/$1/',
          '^packages/hub/src/[^/]+/index\\.ts$',
          '^packages/hub/src/platform/([^/]+|http/[^/]+)\\.ts$',
        ],
      },
    },
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'platform-knows-no-domain',
      severity: 'error',
      from: { path: '^packages/hub/src/platform/', pathNot: '\\.test\\.ts$' },
      to: { path: '^packages/hub/src/(?!platform/)[^/]+/' },
    },
    {
      name: 'console-is-a-client',
      comment: 'The console may use the protocol and nothing else of ours.',
      severity: 'error',
      from: { path: '^packages/console/' },
      to: { path: '^(packages/(hub|sdk)/|node:)' },
    },
    {
      name: 'protocol-stands-alone',
      severity: 'error',
      from: { path: '^packages/protocol/' },
      to: { path: '^packages/(hub|sdk|console)/' },
    },
    {
      name: 'sdk-knows-no-hub',
      severity: 'error',
      from: { path: '^packages/sdk/' },
      to: { path: '^packages/(hub|console)/' },
    },
    {
      name: 'no-orphan-imports',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: ['\\.css$', '^virtual:', '^vitest/config$'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(node_modules|/dist/|/\\.next/)' },
    parser: 'swc',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@orrery/source', 'import', 'require', 'node', 'default', 'types'],
    },
  },
};
