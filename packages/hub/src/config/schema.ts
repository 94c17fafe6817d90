import { FileDeclaration } from '@orrery/protocol';
import { z } from 'zod';
import { DESCRIPTIONS, DURATIONS } from './descriptions.ts';

export type SchemaNode = {
  type?: string | string[];
  properties?: Record<string, SchemaNode>;
  required?: string[];
  items?: SchemaNode;
  oneOf?: SchemaNode[];
  anyOf?: SchemaNode[];
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  description?: string;
  pattern?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  [key: string]: unknown;
};

const DURATION = '^\\d{1,9}(\\.\\d{1,3})?(ms|s|m|h|d)$';
const REFERENCE = '\\$\\{';

/** JSON Schema of orrery.yaml, for editors. Text may hold a `${NAME}` reference wherever it stands. */
export function fileSchema(): SchemaNode {
  const schema = z.toJSONSchema(FileDeclaration, { io: 'input', target: 'draft-7' }) as SchemaNode;
  visitSchema(schema, (path, node) => {
    const description = DESCRIPTIONS[path];
    if (description !== undefined) node.description = description;
    if (DURATIONS.test(path)) node.pattern = DURATION;
    if (node.format === 'uri') {
      delete node.format;
      node.pattern = '^https?://';
    }
    if (node.type === 'string' && node.pattern !== undefined) node.pattern = `${node.pattern}|${REFERENCE}`;
  });
  return {
    $schema: schema.$schema,
    title: 'orrery.yaml',
    description: 'What an Orrery hub watches, and whom it tells.',
    ...schema,
  };
}

/** Visits every key with its path: `projects[].services[].probes[].http.url`. The items of lists are visited as `projects[]`. */
export function visitSchema(node: SchemaNode, visit: (path: string, node: SchemaNode) => void, path = ''): void {
  for (const [name, inner] of Object.entries(node.properties ?? {})) {
    const at = path === '' ? name : `${path}.${name}`;
    visit(at, inner);
    visitSchema(inner, visit, at);
  }
  if (node.items) {
    visit(`${path}[]`, node.items);
    visitSchema(node.items, visit, `${path}[]`);
  }
  // Shapes that no kind tells apart stand at one place.
  for (const option of node.anyOf ?? []) visitSchema(option, visit, path);
  for (const option of node.oneOf ?? [])
    visitSchema(option, visit, `${path}.${String(option.properties?.kind?.const)}`);
}
