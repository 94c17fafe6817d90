import type { Instance } from '@orrery/sdk';
import type { Peer } from '../shared/peer.ts';
import type { Random } from '../shared/random.ts';
import type { PerformiaStore, Render } from './store.ts';

const AT_ONCE = 3;
const FRAMES_PER_MS = 2;
const STUCK_MS = 10_000;

/** Takes waiting renders, three at a time; each lasts as long as its frames need. One export in five is sold through the shop. */
export function createRenderer(parts: { instance: Instance; store: PerformiaStore; shop: Peer; random: Random }) {
  const { instance, store, shop, random } = parts;
  const { logs } = instance;
  let running = 0;
  let turnedAt = performance.now();

  const finish = async (render: Render) => {
    const state = random.chance(0.02) ? 'failed' : 'done';
    try {
      await store.finish(render.id, state);
      if (state === 'failed') {
        logs.write('error', 'Render failed: a frame could not be encoded', {
          render: render.id,
          preset: render.preset,
        });
        return;
      }
      logs.write('info', `Render finished: ${render.preset}, ${render.frames} frames`, { render: render.id });
      instance.emit('render.finished', {
        title: `${render.preset} rendered, ${render.frames} frames`,
        render: render.id,
        preset: render.preset,
        frames: render.frames,
      });
      if (random.chance(0.2)) await sell(render);
    } catch (error) {
      logs.write('error', 'A render could not be finished', { render: render.id, error });
    } finally {
      running--;
    }
  };
  const sell = async (render: Render) => {
    const { status } = await shop.post('/exports', { render: render.id, frames: render.frames });
    if (status === 201) await store.exported(render.id);
  };

  return {
    /** One look at the queue. */
    async turn() {
      while (running < AT_ONCE) {
        const render = await store.take();
        if (!render) break;
        running++;
        setTimeout(() => void finish(render), render.frames / FRAMES_PER_MS);
      }
      turnedAt = performance.now();
    },
    alive: () => performance.now() - turnedAt < STUCK_MS,
  };
}
