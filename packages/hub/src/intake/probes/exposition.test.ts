import { describe, expect, test } from 'vitest';
import { nameFilter, readExposition } from './exposition.ts';

const read = (page: string, metrics?: string[], maxSeries = 1000) =>
  readExposition(page, { wanted: nameFilter(metrics), maxSeries });

describe('a page of Prometheus text', () => {
  test('the example of the format is read as it is meant', () => {
    const { samples, refused, series } = read(
      [
        '# HELP http_requests_total The total number of HTTP requests.',
        '# TYPE http_requests_total counter',
        'http_requests_total{method="post",code="200"} 1027 1395066363000',
        'http_requests_total{method="post",code="400"}    3 1395066363000',
        '',
        '# Escaping in label values:',
        String.raw`msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9`,
        '# Minimalistic line:',
        'metric_without_timestamp_and_labels 12.47',
        '# A weird metric from before the epoch:',
        'something_weird{problem="division by zero"} +Inf -3982045',
        'http_request_duration_seconds_bucket{le="0.05"} 24054',
        'http_request_duration_seconds_bucket{le="+Inf"} 144320',
        'http_request_duration_seconds_sum 53423',
        'rpc_duration_seconds{quantile="0.01"} 3102',
        'rpc_duration_seconds{quantile="0.99"} NaN',
      ].join('\n'),
    );
    expect(samples).toEqual([
      { key: 'http_requests_total', value: 1027, tags: { method: 'post', code: '200' } },
      { key: 'http_requests_total', value: 3, tags: { method: 'post', code: '400' } },
      {
        key: 'msdos_file_access_time_seconds',
        value: 1458255915,
        tags: { path: 'C:\\DIR\\FILE.TXT', error: 'Cannot find file:\n"FILE.TXT"' },
      },
      { key: 'metric_without_timestamp_and_labels', value: 12.47 },
      { key: 'http_request_duration_seconds_bucket', value: 24054, tags: { le: '0.05' } },
      { key: 'http_request_duration_seconds_bucket', value: 144320, tags: { le: '+Inf' } },
      { key: 'http_request_duration_seconds_sum', value: 53423 },
      { key: 'rpc_duration_seconds', value: 3102, tags: { quantile: '0.01' } },
    ]);
    expect(refused).toEqual({ non_finite: 2 });
    expect(series).toBe(10);
  });

  test('OpenMetrics is read with its units, without its exemplars, to its end', () => {
    const { samples, refused } = read(
      [
        '# TYPE foo_seconds histogram',
        '# UNIT foo_seconds seconds',
        'foo_seconds_bucket{le="0.01"} 0 # {} 0.054',
        'foo_seconds_bucket{le="1"} 11 1520879607.789 # {trace_id="KOO 5S4v} xo"} 0.67 1520879607.7',
        'foo_seconds_sum 324789.3 1520879607.789',
        'foo_seconds_count 17',
        '# EOF',
        'behind_the_end 1',
      ].join('\n'),
    );
    expect(samples).toEqual([
      { key: 'foo_seconds_bucket', value: 0, tags: { le: '0.01' } },
      { key: 'foo_seconds_bucket', value: 11, tags: { le: '1' } },
      { key: 'foo_seconds_sum', value: 324789.3, unit: 'seconds' },
      { key: 'foo_seconds_count', value: 17 },
    ]);
    expect(refused).toEqual({});
  });

  test.each([
    ['a', 'no value'],
    ['a b', 'a value that is none'],
    ['a 0x1f', 'a number of another kind'],
    ['a 1_000', 'an underscore in a number'],
    ['a 1 2 3', 'one figure too many'],
    ['a{b="c" 1', 'a brace that is not closed'],
    ['a{b="c} 1', 'text that is not closed'],
    ['a{b="c\\"} 1', 'an escaped end'],
    ['a{b=c} 1', 'no quotes'],
    ['a{b="c"d="e"} 1', 'no comma'],
    ['a{,} 1', 'nothing but a comma'],
    ['a{b="c",b="d"} 1', 'one label twice'],
    ['a{__proto__="c"} 1', 'a label that is a trap'],
    ['a{constructor="c"} 1', 'another one'],
    ['1a 1', 'a name that begins with a digit'],
    ['{"a.b"} 1', 'a quoted name'],
    ['<html>', 'something else'],
    ['a 1 # exemplar? 1x 2', undefined],
    ['a{b="c",} 1', undefined],
    ['a{ b = "c" , d="e" } 1', undefined],
    ['a {b="c"} 1', undefined],
    ['a{} 1', undefined],
    ['a\t-1.5E+3', undefined],
    ['a .5\r', undefined],
  ])('%j is refused for %s, and the lines around it are kept', (line, why) => {
    const { samples, refused } = read(`first 1\n${line}\nlast 2\n`);
    expect(samples.map(({ key }) => key)).toEqual(why === undefined ? ['first', 'a', 'last'] : ['first', 'last']);
    expect(refused).toEqual(why === undefined ? {} : { bad_line: 1 });
  });

  test('an empty label is none, and figures beyond all bounds are refused', () => {
    expect(read('a{b="",c="d"} 1\ne{b=""} 2\nf 1e999\n')).toMatchObject({
      samples: [
        { key: 'a', value: 1, tags: { c: 'd' } },
        { key: 'e', value: 2 },
      ],
      refused: { non_finite: 1 },
    });
  });

  test('only wanted names are kept, and no more series than allowed', () => {
    const page = 'node_cpu 1\nnode_memory_free 2\ngo_gc 3\nup 4\nnode_cpu{c="1"} 5\nnode_disk 6\n';
    const { samples, refused, series } = read(page, ['node_*', 'up'], 4);
    expect(samples.map(({ value }) => value)).toEqual([1, 2, 4, 5]);
    expect(refused).toEqual({ too_many: 1 });
    expect(series).toBe(6);
  });

  test.each([
    ['a*', 'abc', true],
    ['*c', 'abc', true],
    ['*', '', true],
    ['a*c', 'ac', true],
    ['a*b*c', 'a_b_c', true],
    ['a*b*c', 'acb', false],
    ['ab*ba', 'aba', false],
    ['abc', 'abcd', false],
    ['a.c', 'abc', false],
    ['*a*a*a*a*b', 'a'.repeat(50_000), false],
  ])('the pattern %s', (glob, name, fits) => {
    expect(nameFilter([glob])(name)).toBe(fits);
  });

  test('a megabyte is read in one pass, whatever stands in it', () => {
    const pages = [
      Array.from({ length: 16_000 }, (_, i) => `node_filesystem_free_bytes{device="sd${i}",mode="rw"} ${i}.5`).join(
        '\n',
      ),
      `a{b="${'\\'.repeat(1_000_000)}`,
      `a ${' '.repeat(1_000_000)}x`,
      `a${'{'.repeat(1_000_000)}`,
      `${'a{b="c",'.repeat(120_000)}`,
      '\n'.repeat(1_000_000),
      `a{${'b="c",'.repeat(150_000)}} 1`,
      `a 1${' #'.repeat(500_000)}`,
    ];
    for (const page of pages) {
      const from = performance.now();
      read(page);
      // It takes some 20 ms; what is quadratic would take minutes.
      expect(performance.now() - from).toBeLessThan(2000);
    }
    expect(read(pages[0] ?? '', undefined, 5000).samples).toHaveLength(5000);
  });
});
