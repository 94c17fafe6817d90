import type { GraphNode } from '@orrery/protocol';
import { domainOf, type Model, nameOf, neededByOf, needsOf } from './model.ts';

/** Find and hide expressions: `risk > 0.5 tag:finance !traffic`, with `and`, `or`, `not` and parentheses. */
export type Test = (node: GraphNode, model: Model) => boolean;
export type Parsed = { ok: true; test: Test } | { ok: false; reason: string; at: number };

type NumberField = { says: string; of(node: GraphNode, model: Model): number | null | undefined };
type TextField = { says: string; of(node: GraphNode, model: Model): readonly string[] };
type Flag = { says: string; test: Test };

const ageDays = (node: GraphNode) => (node.lastSeenAt ? (Date.now() - Date.parse(node.lastSeenAt)) / 86_400_000 : null);

export const NUMBERS: Record<string, NumberField> = {
  risk: { says: '0 to 1', of: (node) => node.risk },
  compliance: { says: '0 to 1: audits that passed, of all', of: (node) => node.compliance },
  freshness: { says: 'days since the last deploy', of: (node) => node.freshnessDays },
  health: { says: '0 to 1', of: (node) => node.health },
  cost: { says: 'as reported', of: (node) => node.cost },
  latency: { says: 'ms', of: (node) => node.kpis?.healthLatencyMs },
  failing: { says: 'audits that failed', of: (node) => node.kpis?.auditsFail },
  silent: { says: 'days since it was heard of', of: ageDays },
  needs: { says: 'edges that leave it', of: (node, model) => needsOf(model, node.id).length },
  neededby: { says: 'edges that arrive', of: (node, model) => neededByOf(model, node.id).length },
};

export const TEXTS: Record<string, TextField> = {
  tag: { says: 'one of its tags', of: (node) => node.tags },
  team: { says: 'one of its teams', of: (node) => node.teams ?? [] },
  domain: { says: 'its domain', of: (node) => [domainOf(node)] },
  status: { says: 'online, degraded, offline', of: (node) => [node.status] },
  name: { says: 'part of its name or slug', of: (node) => [nameOf(node), node.id] },
  kind: {
    says: 'kind of one of its edges',
    of: (node, model) => [...needsOf(model, node.id), ...neededByOf(model, node.id)].map((edge) => edge.kind),
  },
  allows: { says: 'an action that it allows', of: (node) => node.allowFanout ?? [] },
};

export const FLAGS: Record<string, Flag> = {
  traffic: {
    says: 'has an edge',
    test: (node, model) => needsOf(model, node.id).length + neededByOf(model, node.id).length > 0,
  },
  seen: { says: 'was ever heard of', test: (node) => node.lastSeenAt !== null && node.lastSeenAt !== undefined },
  cyclic: { says: 'is part of a circle', test: (node, model) => model.traits.get(node.id)?.has('cyclic') ?? false },
  hub: {
    says: 'has far more neighbours than most',
    test: (node, model) => model.traits.get(node.id)?.has('hub') ?? false,
  },
  single: {
    says: 'without it the graph falls apart',
    test: (node, model) => model.traits.get(node.id)?.has('single') ?? false,
  },
};

const OPERATORS = ['>=', '<=', '!=', '=', '>', '<'] as const;
const TOKEN = /\s*(?:(>=|<=|!=|[=<>!():])|"([^"]*)"|([^\s"()=<>!:]+))/y;
type Token = { text: string; at: number; quoted: boolean };

class Fault extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

function tokens(text: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) {
      if (text.slice(from).trim() === '') break;
      throw new Fault('a quotation mark is never closed', from);
    }
    const [whole, symbol, quoted, word] = match;
    const token = symbol ?? quoted ?? word ?? '';
    found.push({ text: token, at: from + whole.length - whole.trimStart().length, quoted: quoted !== undefined });
  }
  return found;
}

/** Reads an expression; what cannot be read is answered with the reason and the place. */
export function parseExpression(text: string): Parsed {
  try {
    const list = tokens(text);
    let at = 0;
    const peek = () => list[at];
    const is = (word: string) => !peek()?.quoted && peek()?.text.toLowerCase() === word;
    const end = text.length;

    function either(): Test {
      let left = both();
      while (is('or')) {
        at++;
        const [a, b] = [left, both()];
        left = (node, model) => a(node, model) || b(node, model);
      }
      return left;
    }
    function both(): Test {
      let left = not();
      for (;;) {
        if (is('and')) at++;
        else if (!peek() || is(')') || is('or')) return left;
        const [a, b] = [left, not()];
        left = (node, model) => a(node, model) && b(node, model);
      }
    }
    function not(): Test {
      if (!is('!') && !is('not')) return one();
      at++;
      const inner = not();
      return (node, model) => !inner(node, model);
    }
    function one(): Test {
      const token = list[at++];
      if (!token) throw new Fault('something is missing at the end', end);
      if (token.text === '(' && !token.quoted) {
        const inner = either();
        if (!is(')')) throw new Fault('a parenthesis is never closed', token.at);
        at++;
        return inner;
      }
      if (!token.quoted && /^[()=<>:]|^>=|^<=|^!=/.test(token.text))
        throw new Fault(`“${token.text}” stands where a name should`, token.at);
      const next = peek();
      if (!token.quoted && next && !next.quoted) {
        if (next.text === ':') return textTest(token, next);
        const operator = OPERATORS.find((each) => each === next.text);
        if (operator) return compareTest(token, operator, next);
      }
      return wordTest(token);
    }
    function textTest(field: Token, colon: Token): Test {
      at++;
      const name = field.text.toLowerCase();
      const known = TEXTS[name];
      const value = list[at++];
      if (!known) throw new Fault(`there is no “${field.text}:”; there are ${Object.keys(TEXTS).join(', ')}`, field.at);
      if (!value || (!value.quoted && /^[()=<>:!]/.test(value.text)))
        throw new Fault(`“${field.text}:” wants a word after it`, colon.at);
      const wanted = value.text.toLowerCase();
      const part = name === 'name';
      return (node, model) =>
        known
          .of(node, model)
          .some((each) => (part ? each.toLowerCase().includes(wanted) : each.toLowerCase() === wanted));
    }
    function compareTest(field: Token, operator: (typeof OPERATORS)[number], sign: Token): Test {
      at++;
      const known = NUMBERS[field.text.toLowerCase()];
      const value = list[at++];
      if (!known)
        throw new Fault(`“${field.text}” is no number; there are ${Object.keys(NUMBERS).join(', ')}`, field.at);
      const limit = Number(value?.text.replace(/%$/, ''));
      if (!value || Number.isNaN(limit))
        throw new Fault(`“${field.text} ${operator}” wants a number after it`, sign.at);
      const scaled = value.text.endsWith('%') ? limit / 100 : limit;
      return (node, model) => {
        const have = known.of(node, model);
        if (have === null || have === undefined) return false;
        if (operator === '>') return have > scaled;
        if (operator === '<') return have < scaled;
        if (operator === '>=') return have >= scaled;
        if (operator === '<=') return have <= scaled;
        return operator === '=' ? have === scaled : have !== scaled;
      };
    }
    function wordTest(token: Token): Test {
      const word = token.text.toLowerCase();
      const flag = token.quoted ? undefined : FLAGS[word];
      return flag
        ? flag.test
        : (node) => nameOf(node).toLowerCase().includes(word) || node.id.toLowerCase().includes(word);
    }

    const test = either();
    const rest = peek();
    if (rest) throw new Fault(`“${rest.text}” is too much here`, rest.at);
    return { ok: true, test };
  } catch (error) {
    if (error instanceof Fault) return { ok: false, reason: error.message, at: error.at };
    throw error;
  }
}
