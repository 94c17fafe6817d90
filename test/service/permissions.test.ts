import { COMMAND_ASKS, ROUTE_ASKS } from '@orrery/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningHub, startHub } from '../services/hub.ts';

let hub: RunningHub;
let described: Record<string, string>;

beforeAll(async () => {
  hub = await startHub();
  const api = await hub.api.read<{ paths: Record<string, Record<string, { 'x-permission': string }>> }>(
    '/openapi.json',
  );
  described = Object.fromEntries(
    Object.entries(api.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, route]) => [`${method.toUpperCase()} ${path}`, route['x-permission']]),
    ),
  );
});
afterAll(() => hub?.dispose());

describe('the permission matrix', () => {
  it('has a line for every route of the running hub, and no other', () => {
    expect(Object.keys(described).toSorted()).toEqual(Object.keys(ROUTE_ASKS).toSorted());
  });

  it('asks what the routes ask', () => {
    const asked = Object.fromEntries(
      Object.entries(ROUTE_ASKS).map(([route, ask]) => [route, ask.replace(/ of all$/, '')]),
    );
    expect(described).toEqual(asked);
  });

  it('is kept in order, so that two who add lines rarely meet', () => {
    const place = (route: string) => route.split(' ').toReversed().join(' ');
    expect(Object.keys(ROUTE_ASKS).map(place)).toEqual(Object.keys(ROUTE_ASKS).map(place).toSorted());
    expect(Object.keys(COMMAND_ASKS)).toEqual(Object.keys(COMMAND_ASKS).toSorted());
  });
});
