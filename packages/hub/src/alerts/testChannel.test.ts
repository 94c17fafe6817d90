import { expect, it, onTestFinished } from 'vitest';
import { openSqliteForTest } from '../../../../test/services/databases.ts';
import type { ChannelKind } from './channels/channel.ts';
import { CHANNELS } from './channels/index.ts';
import { FAR_ENDS } from './channels/testing.ts';
import { alertsOn, person } from './testing.ts';

it.each(Object.keys(CHANNELS) as ChannelKind[])(
  'a test goes through a channel of kind %s, and stands in the log',
  async (kind) => {
    const { db, dispose } = await openSqliteForTest();
    onTestFinished(dispose);
    const far = await FAR_ENDS[kind]();
    onTestFinished(() => far.close());
    const alerts = alertsOn(db);
    await alerts.syncChannels([{ declaration: far.declaration, ref: 'orrery.yaml:3' }]);
    const { name } = far.declaration;
    const admin = person('root', 'admin');
    expect(await alerts.testChannel(admin, name)).toMatchObject({ ok: true });
    expect(far.arrivals()).toHaveLength(1);
    far.behave('never');
    expect(await alerts.testChannel(admin, name)).toMatchObject({ ok: false });
    const { items } = await alerts.deliveries(admin, { channel: name });
    expect(items.map(({ type, status }) => `${type} ${status}`).sort()).toEqual([
      'channel.test delivered',
      'channel.test failed',
    ]);
  },
);
