export type TemplateRow = {
  id: string;
  project: string;
  service: string;
  template: string;
  level: number;
  example: string;
  first_at: number;
  last_at: number;
  total: number;
  counts: string;
};
export type SourceRow = { project: string; service: string; since: number; lines: number };
export type TemplateTables = {
  log_templates: TemplateRow;
  log_sources: SourceRow;
  log_mining: { id: number; last_line: number };
};
