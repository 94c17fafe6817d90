import { AutoETS, initSync } from '@bsull/augurs/ets';
import type { Forecaster } from '../forecaster.ts';
import { wasmOf } from './wasm.ts';

initSync({ module: wasmOf('ets') });

/** Exponential smoothing, its form chosen by the data (AutoETS of augurs; it knows no seasons). */
export const ets: Forecaster = {
  least: () => 24,
  forecast(history, horizon) {
    const model = new AutoETS(1, 'ZZN');
    try {
      model.fit(history);
      return model.predict(horizon).point;
    } finally {
      model.free();
    }
  },
};
