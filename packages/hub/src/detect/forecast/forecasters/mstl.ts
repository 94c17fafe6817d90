import { initSync, MSTL } from '@bsull/augurs/mstl';
import type { Forecaster } from '../forecaster.ts';
import { wasmOf } from './wasm.ts';

initSync({ module: wasmOf('mstl') });

/** Several seasons on one trend: decomposed (MSTL), the trend smoothed exponentially, by augurs. It needs each season twice. */
export const mstl: Forecaster = {
  least: (periods) => (periods.length === 0 ? Number.POSITIVE_INFINITY : 2 * Math.max(...periods)),
  forecast(history, horizon, periods) {
    const model = MSTL.ets(Uint32Array.from(periods), { impute: true });
    try {
      model.fit(history);
      return model.predict(horizon).point;
    } finally {
      model.free();
    }
  },
};
