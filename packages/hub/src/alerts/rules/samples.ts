import { SampleSubject } from './subjects.ts';

/** A sample that is being stored; `at` is epoch ms, the time of arrival when absent. */
export type StoredSample = {
  key: string;
  value: number | string;
  at?: number | undefined;
  service?: string | undefined;
  unit?: string | undefined;
  tags?: Readonly<Record<string, string>> | undefined;
};

const NO_TAGS = {};

/** A sample as rules see it; undefined for text. */
export const sampleSubject = (
  project: string,
  { key, value, at, service = '', unit = '', tags = NO_TAGS }: StoredSample,
  receivedAt: number,
): SampleSubject | undefined =>
  typeof value === 'number'
    ? new SampleSubject({ project, service, key, value, unit, tags, at: new Date(at ?? receivedAt) })
    : undefined;
