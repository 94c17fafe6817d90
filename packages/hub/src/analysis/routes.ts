import { AnalysisRun, AnalysisView } from '@orrery/protocol';
import type { Caller } from '../access/index.ts';
import { defineRoute, type Route } from '../platform/http/route.ts';
import type { Analysis } from './index.ts';

export function analysisRoutes(analysis: Analysis): Route<Caller>[] {
  const run = async (caller: Caller) => ({ success: true, insights: await analysis.run(caller) });
  return [
    defineRoute({
      method: 'get',
      path: '/api/cron/ai-analyze',
      auth: 'cron',
      tag: 'Scheduled',
      summary: 'Analyse the last week of every project now, for serverless schedulers',
      response: AnalysisRun,
      handle: ({ caller }) => run(caller),
    }),
    defineRoute({
      method: 'get',
      path: '/ops/analysis',
      auth: 'ops:view',
      tag: 'Operations',
      summary: 'The newest daily analysis: summary, trends, what to do',
      response: AnalysisView,
      handle: ({ caller }) => analysis.latest(caller),
    }),
    defineRoute({
      method: 'post',
      path: '/ops/analysis',
      auth: 'actions:run of all',
      tag: 'Operations',
      summary: 'Analyse now',
      response: AnalysisRun,
      perMinute: 6,
      handle: ({ caller }) => run(caller),
    }),
  ];
}
