import type { GraphNode } from '@orrery/protocol';
import { formatNumber, NONE } from '../ui/format.ts';
import type { Tone } from '../ui/state.ts';

export const OVERLAYS = ['risk', 'compliance', 'freshness', 'health', 'cost'] as const;
export type Overlay = (typeof OVERLAYS)[number];

/** What an overlay says of a project: how much of the arc, in words, in which tone. */
export type Reading = { share: number | null; text: string; tone: Tone };

type Rule = {
  name: string;
  /** What the number is. */
  says: string;
  /** The legend's steps, best first. */
  steps: readonly { tone: Tone; word: string }[];
  read(node: GraphNode, scale: Scale): Reading;
};
/** What costs are measured against: the dearest project. */
export type Scale = { dearest: number };

const DAYS_WATCH = 14;
const DAYS_STALE = 45;

const toned = (value: number | null | undefined, tone: (value: number) => Tone): Tone =>
  value === null || value === undefined ? 'none' : tone(value);
const percent = (share: number | null | undefined) =>
  share === null || share === undefined ? NONE : `${Math.round(share * 100)}%`;

/** The five ways to colour the map. A tone is a state; its limits stand in the legend. */
export const OVERLAY: Record<Overlay, Rule> = {
  risk: {
    name: 'Risk',
    says: 'Security, compliance, staleness and health together, 0 to 1',
    steps: [
      { tone: 'ok', word: 'under 0.4' },
      { tone: 'warn', word: '0.4 to 0.7' },
      { tone: 'bad', word: '0.7 and more' },
    ],
    read: ({ risk }) => ({
      share: risk,
      text: risk.toFixed(2),
      tone: risk < 0.4 ? 'ok' : risk < 0.7 ? 'warn' : 'bad',
    }),
  },
  compliance: {
    name: 'Compliance',
    says: 'Audits that passed, of all',
    steps: [
      { tone: 'ok', word: '90% and more' },
      { tone: 'warn', word: '70% to 90%' },
      { tone: 'bad', word: 'under 70%' },
    ],
    read: ({ compliance }) => ({
      share: compliance,
      text: percent(compliance),
      tone: toned(compliance, (value) => (value >= 0.9 ? 'ok' : value >= 0.7 ? 'warn' : 'bad')),
    }),
  },
  freshness: {
    name: 'Freshness',
    says: 'Days since the last deploy',
    steps: [
      { tone: 'ok', word: `up to ${DAYS_WATCH} d` },
      { tone: 'warn', word: `up to ${DAYS_STALE} d` },
      { tone: 'bad', word: 'older' },
    ],
    read: ({ freshnessDays: days }) => ({
      share: days === null ? null : Math.min(1, days / (2 * DAYS_STALE)),
      text: days === null ? NONE : `${formatNumber(Math.round(days))} d`,
      tone: toned(days, (value) => (value <= DAYS_WATCH ? 'ok' : value <= DAYS_STALE ? 'warn' : 'bad')),
    }),
  },
  health: {
    name: 'Health',
    says: 'How much of what is probed is well',
    steps: [
      { tone: 'ok', word: '90% and more' },
      { tone: 'warn', word: '50% to 90%' },
      { tone: 'bad', word: 'under 50%' },
    ],
    read: (node) => {
      const health = node.health === undefined ? fromStatus(node) : node.health;
      return {
        share: health,
        text: percent(health),
        tone: toned(health, (value) => (value >= 0.9 ? 'ok' : value >= 0.5 ? 'warn' : 'bad')),
      };
    },
  },
  cost: {
    name: 'Cost',
    says: 'What a project costs, beside the dearest',
    steps: [
      { tone: 'ok', word: 'under a third' },
      { tone: 'warn', word: 'under two thirds' },
      { tone: 'bad', word: 'more' },
    ],
    read: ({ cost }, { dearest }) => {
      const share = cost === null || cost === undefined ? null : dearest > 0 ? Math.min(1, cost / dearest) : 0;
      return {
        share,
        text: cost === null || cost === undefined ? NONE : formatNumber(cost),
        tone: toned(share, (value) => (value < 1 / 3 ? 'ok' : value < 2 / 3 ? 'warn' : 'bad')),
      };
    },
  },
};

const fromStatus = ({ status, lastSeenAt }: GraphNode): number | null =>
  status === 'online' ? 1 : status === 'degraded' ? 0.5 : lastSeenAt === null ? null : 0;

export const scaleOf = (nodes: Iterable<GraphNode>): Scale => {
  let dearest = 0;
  for (const { cost } of nodes) dearest = Math.max(dearest, cost ?? 0);
  return { dearest };
};

const RANK: Record<Tone, number> = { bad: 4, warn: 3, ok: 2, none: 1, quiet: 0 };
/** The worst of several, which a group's border shows. */
export const worst = (tones: Iterable<Tone>): Tone => {
  let found: Tone = 'quiet';
  for (const tone of tones) if (RANK[tone] > RANK[found]) found = tone;
  return found;
};
