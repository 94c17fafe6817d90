"""Reads {"periods": n, "horizon": h, "series": [[...], ...]} and answers forecasts by statsmodels' Holt-Winters, with the CPU seconds it took."""
import json
import sys
import time
import warnings

from statsmodels.tsa.holtwinters import ExponentialSmoothing

warnings.simplefilter("ignore")
asked = json.load(sys.stdin)
began = time.process_time()
forecasts = []
for values in asked["series"]:
    model = ExponentialSmoothing(
        values, trend="add", damped_trend=True, seasonal="add", seasonal_periods=asked["period"], initialization_method="estimated"
    )
    forecasts.append([float(value) for value in model.fit().forecast(asked["horizon"])])
json.dump({"forecasts": forecasts, "seconds": time.process_time() - began}, sys.stdout)
