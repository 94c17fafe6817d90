type EventFields = {
  id: string;
  type: string;
  /** Empty for what concerns no project. */
  project: string;
  /** Empty for the project as a whole. */
  service: string;
  title: string;
  data: unknown;
  at: Date;
};

/** An event as a rule sees it. */
export class EventSubject {
  readonly id: string;
  readonly type: string;
  readonly project: string;
  readonly service: string;
  readonly title: string;
  readonly data: unknown;
  readonly at: Date;
  constructor({ id, type, project, service, title, data, at }: EventFields) {
    this.id = id;
    this.type = type;
    this.project = project;
    this.service = service;
    this.title = title;
    this.data = data;
    this.at = at;
  }
}

type SampleFields = {
  project: string;
  /** Empty for the project as a whole. */
  service: string;
  key: string;
  value: number;
  /** Empty when it has none. */
  unit: string;
  tags: Readonly<Record<string, string>>;
  at: Date;
};

/** A sample as a rule sees it. Samples that are text are not looked at. */
export class SampleSubject {
  readonly project: string;
  readonly service: string;
  readonly key: string;
  readonly value: number;
  readonly unit: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly at: Date;
  constructor({ project, service, key, value, unit, tags, at }: SampleFields) {
    this.project = project;
    this.service = service;
    this.key = key;
    this.value = value;
    this.unit = unit;
    this.tags = tags;
    this.at = at;
  }
}

export type Subject = EventSubject | SampleSubject;
export type SubjectKind = 'event' | 'sample';

/** What each variable holds, by its CEL type: the fields that a rule may name. */
export const FIELDS = {
  event: {
    id: 'string',
    type: 'string',
    project: 'string',
    service: 'string',
    title: 'string',
    data: 'dyn',
    at: 'google.protobuf.Timestamp',
  },
  sample: {
    project: 'string',
    service: 'string',
    key: 'string',
    value: 'double',
    unit: 'string',
    tags: 'map<string, string>',
    at: 'google.protobuf.Timestamp',
  },
} as const satisfies Record<SubjectKind, Record<string, string>>;
