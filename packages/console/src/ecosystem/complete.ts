import { FLAGS, NUMBERS, TEXTS } from './expression.ts';
import { type Model, nameOf } from './model.ts';

export const PRESETS: readonly { text: string; says: string }[] = [
  { text: 'status:offline or status:degraded', says: 'what is not well' },
  { text: 'risk >= 0.7', says: 'high risk' },
  { text: 'freshness > 45', says: 'not deployed for long' },
  { text: 'compliance < 0.9', says: 'audits that did not pass' },
  { text: 'single or cyclic', says: 'fragile places' },
  { text: '!traffic', says: 'without any edge' },
];

export type Completion = { text: string; says: string; whole: string };

/** What may follow what was typed so far: presets for nothing, names for the last word, values after a colon. */
export function completions(text: string, model: Model, limit = 8): Completion[] {
  if (text.trim() === '') return PRESETS.map((preset) => ({ ...preset, whole: preset.text }));
  const [, head = '', word = ''] = /^(.*?)([^\s()!]*)$/s.exec(text) ?? [];
  if (word === '') return [];
  const [field = '', typed] = word.split(':');
  const known = TEXTS[field.toLowerCase()];
  if (typed !== undefined) {
    if (!known) return [];
    const values = new Set<string>();
    for (const node of model.nodes.values()) for (const value of known.of(node, model)) values.add(value);
    return [...values]
      .filter((value) => value.toLowerCase().startsWith(typed.toLowerCase().replace(/^"/, '')))
      .sort()
      .slice(0, limit)
      .map((value) => {
        const full = `${field}:${/[\s()]/.test(value) ? `"${value}"` : value}`;
        return { text: full, says: '', whole: `${head}${full} ` };
      });
  }
  const start = word.toLowerCase();
  const names: Completion[] = [
    ...Object.entries(TEXTS).map(([name, { says }]) => ({ text: `${name}:`, says, whole: `${head}${name}:` })),
    ...Object.entries(NUMBERS).map(([name, { says }]) => ({ text: `${name} >`, says, whole: `${head}${name} > ` })),
    ...Object.entries(FLAGS).map(([name, { says }]) => ({ text: name, says, whole: `${head}${name} ` })),
  ].filter(({ text: name }) => name.startsWith(start));
  const projects = [...model.nodes.values()]
    .filter((node) => nameOf(node).toLowerCase().includes(start) || node.id.includes(start))
    .slice(0, limit)
    .map((node) => ({ text: nameOf(node), says: node.id, whole: `${head}${node.id} ` }));
  return [...names, ...projects].slice(0, limit);
}
